// The commands of etcdctl that read and change keys.
import { readFileSync } from 'node:fs';
import { type Command, type Invocation, keyOf, show, showFile } from './command.ts';
import { badArguments, Failure } from './failure.ts';
import type { Flag } from './flags.ts';
import { formatListing, formatResponse } from './print.ts';

const ttl: Flag = { names: ['ttl'], kind: 'number', about: 'key time-to-live in seconds' };
const sort: Flag = { names: ['sort'], kind: 'switch', about: 'returns result in sorted order' };
const quorum: Flag = { names: ['quorum', 'q'], kind: 'switch', about: 'require quorum for get request' };

export const keyCommands: Record<string, Command> = {
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
      showFile(call, await call.client.keys('DELETE', keyOf(call), { ...query, ...expectedOf(call, 'with') }));
    },
  },
  rmdir: {
    usage: '<key>',
    summary: 'removes the key if it is an empty directory or a key-value pair',
    run: async (call) => showFile(call, await call.client.keys('DELETE', keyOf(call), { dir: 'true' })),
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
      show(call, await call.client.keys('PUT', key, expectedOf(call, 'swap-with'), form));
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
};

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

/** What the key must be before it is changed. */
function expectedOf(call: Invocation, flags: 'with' | 'swap-with'): Record<string, string> {
  const [value, index] = [call.flag(`${flags}-value`), call.flag(`${flags}-index`)];
  return { ...(value && { prevValue: value }), ...(index && index !== '0' && { prevIndex: index }) };
}

function readOptions(call: Invocation): Record<string, string> {
  const [quorum, recursive, sorted] = [call.isOn('quorum'), call.isOn('recursive'), call.isOn('sort')];
  return { quorum: String(quorum), recursive: String(recursive), sorted: String(sorted) };
}
