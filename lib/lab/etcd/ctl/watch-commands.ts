// `etcdctl watch` and `exec-watch`: wait for the changes of a key.
import { spawn } from 'node:child_process';
import type { KeyResponse } from './client.ts';
import { type Command, type Invocation, keyOf, showFile } from './command.ts';
import { badArguments, Failure } from './failure.ts';
import type { Flag } from './flags.ts';

const afterIndex: Flag = { names: ['after-index'], kind: 'number', about: 'watch after the given index' };

export const watchCommands: Record<string, Command> = {
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
    showFile(call, response);
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
