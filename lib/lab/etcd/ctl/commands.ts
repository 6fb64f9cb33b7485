// The commands of etcdctl (API 2): their flags, what they ask the server and what they print.
import { readFileSync } from 'node:fs';
import { askHealth, type Client, type KeyResponse, type Member } from './client.ts';
import { badArguments, Failure, serverError } from './failure.ts';
import type { FlagKind } from './flags.ts';
import { type Format, formatListing, formatResponse } from './print.ts';

export interface Invocation {
  client: Client;
  words: string[];
  flag(...names: string[]): string | undefined;
  isOn(...names: string[]): boolean;
  format: Format;
  print(text: string): void;
}

export interface Command {
  usage: string;
  summary: string;
  flags: Record<string, FlagKind>;
  /** Answers with the exit status when it is not 0. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most commands have nothing to answer
  run(invocation: Invocation): Promise<number | void>;
}

export const commands: Record<string, Command> = {
  'cluster-health': {
    usage: '',
    summary: 'check the health of the etcd cluster',
    flags: {},
    run: clusterHealth,
  },
  mk: {
    usage: '<key> <value>',
    summary: 'make a new key with a given value',
    flags: { 'in-order': 'switch', ttl: 'number' },
    async run(call) {
      const [key, form] = [keyOf(call), { value: givenValue(call), ...lifetimeOf(call) }];
      const inOrder = call.isOn('in-order');
      show(call, await call.client.keys(inOrder ? 'POST' : 'PUT', key, inOrder ? {} : { prevExist: 'false' }, form));
    },
  },
  mkdir: directoryCommand('make a new directory', { prevExist: 'false' }),
  rm: {
    usage: '<key>',
    summary: 'remove a key or a directory',
    flags: { dir: 'switch', recursive: 'switch', r: 'switch', 'with-value': 'text', 'with-index': 'number' },
    async run(call) {
      const query: Record<string, string> = {};
      if (call.isOn('recursive', 'r')) query.recursive = 'true';
      if (call.isOn('dir')) query.dir = 'true';
      const [value, index] = [call.flag('with-value'), call.flag('with-index')];
      if (value) query.prevValue = value;
      if (index && index !== '0') query.prevIndex = index;
      showRemoved(call, await call.client.keys('DELETE', keyOf(call), query));
    },
  },
  rmdir: {
    usage: '<key>',
    summary: 'removes the key if it is an empty directory or a key-value pair',
    flags: {},
    run: async (call) => showRemoved(call, await call.client.keys('DELETE', keyOf(call), { dir: 'true' })),
  },
  get: {
    usage: '<key>',
    summary: 'retrieve the value of a key',
    flags: { sort: 'switch', quorum: 'switch', q: 'switch' },
    async run(call) {
      const response = await call.client.keys('GET', keyOf(call), readOptions(call));
      if (response.node.dir) throw new Failure(`${response.node.key ?? ''}: is a directory`, badArguments);
      show(call, response);
    },
  },
  ls: {
    usage: '[key]',
    summary: 'retrieve a directory',
    flags: { sort: 'switch', recursive: 'switch', r: 'switch', p: 'switch', quorum: 'switch', q: 'switch' },
    async run(call) {
      const response = await call.client.keys('GET', call.words[0] ?? '/', readOptions(call));
      call.print(call.format === 'simple' ? formatListing(response, { slashes: call.isOn('p') }) : formatResponse(response, call.format));
    },
  },
  set: {
    usage: '<key> <value>',
    summary: 'set the value of a key',
    flags: { ttl: 'number', 'swap-with-value': 'text', 'swap-with-index': 'number' },
    async run(call) {
      const [key, form] = [keyOf(call), { ...lifetimeOf(call), value: givenValue(call) }];
      const query: Record<string, string> = {};
      const [value, index] = [call.flag('swap-with-value'), call.flag('swap-with-index')];
      if (value) query.prevValue = value;
      if (index && index !== '0') query.prevIndex = index;
      show(call, await call.client.keys('PUT', key, query, form));
    },
  },
  setdir: directoryCommand('create a new directory or update an existing directory TTL', {}),
  update: {
    usage: '<key> <value>',
    summary: 'update an existing key with a given value',
    flags: { ttl: 'number' },
    async run(call) {
      const [key, form] = [keyOf(call), { value: givenValue(call), ...lifetimeOf(call) }];
      show(call, await call.client.keys('PUT', key, { prevExist: 'true' }, form));
    },
  },
  updatedir: directoryCommand('update an existing directory', { prevExist: 'true' }),
  watch: {
    usage: '<key>',
    summary: 'watch a key for changes',
    flags: { forever: 'switch', f: 'switch', 'after-index': 'number', recursive: 'switch', r: 'switch' },
    run: watch,
  },
  member: { usage: 'list', summary: 'enumerate existing cluster members', flags: {}, run: listMembers },
};

async function watch(call: Invocation): Promise<void> {
  const key = keyOf(call);
  const recursive = call.isOn('recursive', 'r');
  const after = Number(call.flag('after-index') ?? 0);
  let waitIndex = after > 0 ? after + 1 : 0;
  do {
    const query = { recursive: String(recursive), wait: 'true', waitIndex: String(waitIndex) };
    const response = await call.client.keys('GET', key, query, undefined, true);
    if (recursive && call.format === 'simple') call.print(`[${response.action}] ${response.node.key}\n`);
    if (!response.node.dir || call.format !== 'simple') show(call, response);
    waitIndex = (response.node.modifiedIndex ?? 0) + 1;
  } while (call.isOn('forever', 'f'));
}

async function listMembers(call: Invocation): Promise<void> {
  if (call.words[0] !== 'list') {
    throw new Failure(`etcdctl member ${call.words[0] ?? ''}: only \`member list\` is available in this lab`, badArguments);
  }
  const { members, leader } = await call.client.members();
  for (const { id, name, peerURLs, clientURLs } of members) {
    const peers = `peerURLs=${peerURLs.join(',')}`;
    if (name === '') call.print(`${id}[unstarted]: ${peers}\n`);
    else call.print(`${id}: name=${name} ${peers} clientURLs=${clientURLs.join(',')} isLeader=${id === leader?.id}\n`);
  }
}

async function clusterHealth({ client, print }: Invocation): Promise<number> {
  const { members } = await client.members().catch((error) => {
    print('cluster may be unhealthy: failed to list members\n');
    throw error instanceof Failure ? new Failure(error.message, serverError) : error;
  });
  let healthy = 0;
  for (const member of members) if (await isHealthy(member, print)) healthy += 1;
  const whole = healthy === members.length;
  print(`cluster is ${whole ? 'healthy' : healthy > 0 ? 'degraded' : 'unhealthy'}\n`);
  return whole ? 0 : 5;
}

/** Asks one client URL after the other until one answers. */
async function isHealthy({ id, clientURLs }: Member, print: Invocation['print']): Promise<boolean> {
  for (const url of clientURLs) {
    const health = await askHealth(url);
    if ('problem' in health) {
      print(`failed to check the health of member ${id} on ${url}: Get "${url}/health": ${health.problem}\n`);
      continue;
    }
    const word = health.healthy ? 'healthy' : 'unhealthy';
    print(`member ${id} is ${word}: got ${word} result from ${url}\n`);
    return health.healthy;
  }
  const tried = `[${clientURLs.join(' ')}] are all unreachable`;
  print(`member ${id} is unreachable: ${clientURLs.length === 0 ? 'no available published client urls' : tried}\n`);
  return false;
}

function directoryCommand(summary: string, expected: Record<string, string>): Command {
  return {
    usage: '<key>',
    summary,
    flags: { ttl: 'number' },
    async run(call) {
      const response = await call.client.keys('PUT', keyOf(call), { dir: 'true', ...expected }, lifetimeOf(call));
      if (call.format !== 'simple') show(call, response);
    },
  };
}

function show(call: Invocation, response: KeyResponse): void {
  call.print(formatResponse(response, call.format));
}

function showRemoved(call: Invocation, response: KeyResponse): void {
  if (!response.node.dir || call.format !== 'simple') show(call, response);
}

function keyOf({ words }: Invocation): string {
  if (words[0] === undefined) throw new Failure('Error:  key required', badArguments);
  return words[0];
}

/** The second word, else all of stdin. */
function givenValue({ words }: Invocation): string {
  const value = words[1] ?? readFileSync(0, 'utf8');
  if (value === '' && words[1] === undefined) throw new Failure('Error:  value required', badArguments);
  return value;
}

function lifetimeOf(call: Invocation): Record<string, string> {
  const ttl = call.flag('ttl');
  return ttl && ttl !== '0' ? { ttl } : {};
}

function readOptions(call: Invocation): Record<string, string> {
  const [quorum, recursive, sorted] = [call.isOn('quorum', 'q'), call.isOn('recursive', 'r'), call.isOn('sort')];
  return { quorum: String(quorum), recursive: String(recursive), sorted: String(sorted) };
}
