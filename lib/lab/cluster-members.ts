/** Which machines belong to a cluster, running or not, kept beside the cluster's data. */
import { join } from 'node:path';
import { z } from 'zod';
import { type Member, type Members, memberIdOf } from './etcd/members.ts';
import { readFileIfPresent, replaceFile } from './files.ts';

export interface ClusterMembers extends Members {
  /** The member with this name is up, at this address. Answers with its id when that is on disk. */
  arrive(member: { name: string; peerUrl: string; clientUrl: string }): Promise<string>;
  /** It is still a member, but down. */
  leave(name: string): void;
  /** It is no member any more. */
  remove(name: string): Promise<void>;
}

const fileSchema = z.object({
  version: z.literal(1),
  /** In the order in which they joined. */
  members: z.array(z.object({ name: z.string(), peerUrl: z.string(), clientUrl: z.string() })),
});
type Entry = z.infer<typeof fileSchema>['members'][number];

/** @param directory the cluster's; `cluster` goes into the members' ids */
export async function openClusterMembers(directory: string, cluster: string): Promise<ClusterMembers> {
  const path = membersFile(directory);
  let entries = await readEntries(path);
  /** In the order in which they came up: the one that has been up longest leads. */
  const up = new Set<string>();
  let leaderSince = new Date();

  const idOf = ({ peerUrl }: Entry) => memberIdOf(peerUrl, cluster);
  const save = () => replaceFile(path, `${JSON.stringify({ version: 1, members: entries })}\n`);
  const memberOf = (entry: Entry): Member => ({
    id: idOf(entry),
    name: entry.name,
    peerURLs: entry.peerUrl.split(','),
    clientURLs: [entry.clientUrl],
  });

  return {
    list: () => entries.map(memberOf).sort((a, b) => (a.id.padStart(16, '0') < b.id.padStart(16, '0') ? -1 : 1)),
    leader() {
      const [name] = up;
      const entry = entries.find((candidate) => candidate.name === name) ?? entries[0]!;
      return { id: idOf(entry), since: leaderSince };
    },
    async arrive(member) {
      if (up.size === 0) leaderSince = new Date();
      up.add(member.name);
      const known = entries.some(({ name }) => name === member.name);
      entries = known ? entries.map((entry) => (entry.name === member.name ? member : entry)) : [...entries, member];
      await save();
      return idOf(member);
    },
    leave(name) {
      const [leader] = up;
      up.delete(name);
      if (name === leader) leaderSince = new Date();
    },
    async remove(name) {
      entries = entries.filter((entry) => entry.name !== name);
      await save();
    },
  };
}

/** The port where clients reached the machine last; null when it was no member, or nobody knows. */
export async function lastClientPort(directory: string, name: string): Promise<number | null> {
  const entry = (await readEntries(membersFile(directory))).find((candidate) => candidate.name === name);
  return entry ? Number(new URL(entry.clientUrl).port) : null;
}

function membersFile(directory: string): string {
  return join(directory, 'members.json');
}

/** A file that cannot be read is as good as none: each machine enters itself again when it boots. */
async function readEntries(path: string): Promise<Entry[]> {
  const text = await readFileIfPresent(path);
  if (text === null) return [];
  try {
    return fileSchema.parse(JSON.parse(text)).members;
  } catch {
    return [];
  }
}
