// `etcdctl member`: who belongs to the cluster.
import type { Command, Invocation } from './command.ts';
import { badArguments, Failure } from './failure.ts';

const runtimeGuide = 'https://github.com/etcd-io/etcd/blob/master/Documentation/runtime-configuration.md#remove-a-member';
const updateUsage = 'Provide an ID and a list of comma separated peerURL (0xabcd http://example.com,http://example1.com)';

export const memberCommands: Record<string, Command> = {
  list: { usage: ' ', summary: 'enumerate existing cluster members', run: listMembers },
  add: { usage: '<name> <peerURL>', summary: 'add a new member to the etcd cluster', run: addMember },
  remove: { usage: '<memberID>', summary: 'remove an existing member from the etcd cluster', run: removeMember },
  update: { usage: '<memberID> <peerURLs>', summary: 'update an existing member in the etcd cluster', run: updateMember },
};

async function listMembers({ client, words, print }: Invocation): Promise<void> {
  if (words.length > 0) throw new Failure('No arguments accepted', badArguments);
  const { members, leader } = await client.members();
  for (const { id, name, peerURLs, clientURLs } of members) {
    const peers = `peerURLs=${peerURLs.join(',')}`;
    if (name === '') print(`${id}[unstarted]: ${peers}\n`);
    else print(`${id}: name=${name} ${peers} clientURLs=${clientURLs.join(',')} isLeader=${id === leader?.id}\n`);
  }
}

async function addMember({ client, words, print }: Invocation): Promise<void> {
  const [name, url] = words;
  if (words.length !== 2) throw new Failure('Provide a name and a single member peerURL', badArguments);
  const added = await client.addMember(url as string);
  print(`Added member named ${name} with ID ${added.id} to cluster\n`);
  const { members } = await client.members();
  const cluster = members.flatMap((member) => member.peerURLs.map((peer) => `${member.id === added.id ? name : member.name}=${peer}`));
  print(`\nETCD_NAME="${name}"\nETCD_INITIAL_CLUSTER="${cluster.join(',')}"\nETCD_INITIAL_CLUSTER_STATE="existing"\n`);
}

async function removeMember({ client, words, print }: Invocation): Promise<void> {
  const [id] = words;
  if (words.length !== 1) throw new Failure('Provide a single member ID', badArguments);
  const { members } = await client.members();
  if (!members.some((member) => member.id === id)) {
    const namesake = members.find(({ name }) => name === id);
    const hint = `Found a member named ${id}; if this is correct, please use its ID, eg:\n\tetcdctl member remove ${namesake?.id}\n`;
    const guide = `For more details, read the documentation at ${runtimeGuide}\n\n`;
    throw new Failure(`${namesake ? hint + guide : ''}Couldn't find a member in the cluster with an ID of ${id}.`, badArguments);
  }
  await client.removeMember(id as string).catch((error) => {
    throw error instanceof Failure ? new Failure(`Received an error trying to remove member ${id}: ${error.message}`, badArguments) : error;
  });
  print(`Removed member ${id} from cluster\n`);
}

async function updateMember({ client, words, print }: Invocation): Promise<void> {
  const [id, urls] = words;
  if (words.length !== 2) throw new Failure(updateUsage, badArguments);
  await client.updateMember(id as string, (urls as string).split(','));
  print(`Updated member with ID ${id} in cluster\n`);
}
