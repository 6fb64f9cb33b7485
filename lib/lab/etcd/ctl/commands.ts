// The commands of etcdctl (API 2): their flags, what they ask the server and what they print.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { accessControl } from './access-control.ts';
import { askHealth, type Client, type KeyResponse, type Member } from './client.ts';
import { badArguments, Failure, serverError, unhealthy } from './failure.ts';
import type { Flag } from './flags.ts';
import { memberCommands } from './member-commands.ts';
import { type Format, formatListing, formatResponse } from './print.ts';

export interface Invocation {
  client: Client;
  words: string[];
  flag(name: string): string | undefined;
  isOn(name: string): boolean;
  format: Format;
  print(text: string): void;
}

export interface Command {
  usage: string;
  summary: string;
  description?: string;
  flags?: Flag[];
  /** Answers with the exit status when it is not 0. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most commands have nothing to answer
  run(invocation: Invocation): Promise<number | void>;
}

/** A command that consists of others. */
export interface CommandGroup {
  summary: string;
  commands: Record<string, Command>;
}

const ttl: Flag = { names: ['ttl'], kind: 'number', about: 'key time-to-live in seconds' };
const sort: Flag = { names: ['sort'], kind: 'switch', about: 'returns result in sorted order' };
const quorum: Flag = { names: ['quorum', 'q'], kind: 'switch', about: 'require quorum for get request' };
const afterIndex: Flag = { names: ['after-index'], kind: 'number', about: 'watch after the given index' };

export const commands: Record<string, Command | CommandGroup> = {
  backup: {
    usage: ' ',
    summary: 'backup an etcd directory',
    flags: [
      { names: ['data-dir'], kind: 'text', about: 'Path to the etcd data dir' },
      { names: ['wal-dir'], kind: 'text', about: 'Path to the etcd wal dir' },
      { names: ['backup-dir'], kind: 'text', about: 'Path to the backup dir' },
      { names: ['backup-wal-dir'], kind: 'text', about: 'Path to the backup wal dir' },
      { names: ['with-v3'], kind: 'switch', about: 'Backup v3 backend data' },
    ],
    async run() {
      const instead = 'Its keys are kept over restarts; to copy them, use `etcdctl ls --recursive -p /` and `etcdctl get`.';
      throw new Failure(`The etcd of this lab has no data directory of etcd's own that could be backed up.\n${instead}`, badArguments);
    },
  },
  'cluster-health': {
    usage: ' ',
    summary: 'check the health of the etcd cluster',
    flags: [{ names: ['forever', 'f'], kind: 'switch', about: 'forever check the health every 10 second until CTRL+C' }],
    run: clusterHealth,
  },
  mk: {
    usage: '<key> <value>',
    summary: 'make a new key with a given value',
    flags: [{ names: ['in-order'], kind: 'switch', about: 'create in-order key under directory <key>' }, ttl],
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
    flags: [
      { names: ['dir'], kind: 'switch', about: 'removes the key if it is an empty directory or a key-value pair' },
      { names: ['recursive', 'r'], kind: 'switch', about: 'removes the key and all child keys(if it is a directory)' },
      { names: ['with-value'], kind: 'text', about: 'previous value' },
      { names: ['with-index'], kind: 'number', about: 'previous index' },
    ],
    async run(call) {
      const query: Record<string, string> = {};
      if (call.isOn('recursive')) query.recursive = 'true';
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
    run: async (call) => showRemoved(call, await call.client.keys('DELETE', keyOf(call), { dir: 'true' })),
  },
  get: {
    usage: '<key>',
    summary: 'retrieve the value of a key',
    flags: [sort, quorum],
    async run(call) {
      const response = await call.client.keys('GET', keyOf(call), readOptions(call));
      if (response.node.dir) throw new Failure(`${response.node.key ?? ''}: is a directory`, badArguments);
      show(call, response);
    },
  },
  ls: {
    usage: '[key]',
    summary: 'retrieve a directory',
    flags: [
      sort,
      { names: ['recursive', 'r'], kind: 'switch', about: 'returns all key names recursively for the given path' },
      { names: ['p'], kind: 'switch', about: 'append slash (/) to directories' },
      quorum,
    ],
    async run(call) {
      const response = await call.client.keys('GET', call.words[0] ?? '/', readOptions(call));
      call.print(call.format === 'simple' ? formatListing(response, { slashes: call.isOn('p') }) : formatResponse(response, call.format));
    },
  },
  set: {
    usage: '<key> <value>',
    summary: 'set the value of a key',
    description: `Set sets the value of a key.

   When <value> begins with '-', <value> is interpreted as a flag.
   Insert '--' for workaround:

   $ set -- <key> <value>`,
    flags: [
      ttl,
      { names: ['swap-with-value'], kind: 'text', about: 'previous value' },
      { names: ['swap-with-index'], kind: 'number', about: 'previous index' },
    ],
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
    flags: [ttl],
    async run(call) {
      const [key, form] = [keyOf(call), { value: givenValue(call), ...lifetimeOf(call) }];
      show(call, await call.client.keys('PUT', key, { prevExist: 'true' }, form));
    },
  },
  updatedir: { ...directoryCommand('update an existing directory', { prevExist: 'true' }), usage: '<key> <value>' },
  watch: {
    usage: '<key>',
    summary: 'watch a key for changes',
    flags: [
      { names: ['forever', 'f'], kind: 'switch', about: 'forever watch a key until CTRL+C' },
      afterIndex,
      { names: ['recursive', 'r'], kind: 'switch', about: 'returns all values for key and child keys' },
    ],
    run: watch,
  },
  'exec-watch': {
    usage: '<key> <command> [args...]',
    summary: 'watch a key for changes and exec an executable',
    flags: [afterIndex, { names: ['recursive', 'r'], kind: 'switch', about: 'watch all values for key and child keys' }],
    run: execWatch,
  },
  member: { summary: 'member add, remove and list subcommands', commands: memberCommands },
  ...accessControl,
};

/** The answers of a watch, one after the other. */
async function* events(call: Invocation, key: string): AsyncGenerator<KeyResponse> {
  const after = Number(call.flag('after-index') ?? 0);
  for (let waitIndex = after > 0 ? after + 1 : 0; ; ) {
    const query = { recursive: String(call.isOn('recursive')), wait: 'true', waitIndex: String(waitIndex) };
    const response = await call.client.keys('GET', key, query, undefined, true);
    yield response;
    waitIndex = (response.node.modifiedIndex ?? 0) + 1;
  }
}

async function watch(call: Invocation): Promise<void> {
  for await (const response of events(call, keyOf(call))) {
    if (call.isOn('recursive') && call.format === 'simple') call.print(`[${response.action}] ${response.node.key}\n`);
    if (!response.node.dir || call.format !== 'simple') show(call, response);
    if (!call.isOn('forever')) return;
  }
}

/** Runs the command with each event in its environment, one at a time. Never ends by itself. */
async function execWatch(call: Invocation): Promise<void> {
  if (call.words.length < 2) throw new Failure('Error:  key and command to exec required', badArguments);
  // Without a `--` behind the key the real one takes the last word for the key, and so does this.
  const separated = call.words.indexOf('--', 1) > 0;
  const key = separated ? call.words[0]! : call.words.at(-1)!;
  const [program, ...words] = separated ? call.words.slice(2) : call.words.slice(0, -1);
  for await (const { action, node } of events(call, key)) {
    const env = {
      ...process.env,
      ETCD_WATCH_ACTION: action,
      ETCD_WATCH_MODIFIED_INDEX: String(node.modifiedIndex ?? 0),
      ETCD_WATCH_KEY: node.key ?? '',
      ETCD_WATCH_VALUE: node.value ?? '',
    };
    await new Promise<void>((resolve, reject) => {
      const child = spawn(program as string, words, { env, stdio: ['ignore', 'inherit', 'inherit'] });
      child.on('error', (error: NodeJS.ErrnoException) => reject(new Failure(cannotStart(program as string, error), badArguments, '')));
      child.on('close', () => resolve());
    });
  }
}

/** In the words of Go's os/exec package. */
function cannotStart(program: string, { code, message }: NodeJS.ErrnoException): string {
  if (code !== 'ENOENT') return message;
  return program.includes('/')
    ? `fork/exec ${program}: no such file or directory`
    : `exec: ${JSON.stringify(program)}: executable file not found in $PATH`;
}

async function clusterHealth(call: Invocation): Promise<number> {
  const { client, print } = call;
  for (;;) {
    const { members } = await client.members().catch((error) => {
      print('cluster may be unhealthy: failed to list members\n');
      throw error instanceof Failure ? new Failure(error.message, serverError) : error;
    });
    let healthy = 0;
    for (const member of members) if (await isHealthy(member, print)) healthy += 1;
    const whole = healthy === members.length;
    print(`cluster is ${whole ? 'healthy' : healthy > 0 ? 'degraded' : 'unavailable'}\n`);
    if (!call.isOn('forever')) return whole ? 0 : unhealthy;
    print('\nnext check after 10 second...\n\n');
    await setTimeout(10_000);
  }
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
    flags: [ttl],
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
  const [quorum, recursive, sorted] = [call.isOn('quorum'), call.isOn('recursive'), call.isOn('sort')];
  return { quorum: String(quorum), recursive: String(recursive), sorted: String(sorted) };
}
