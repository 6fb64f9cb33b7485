// Starts a container's program: a Node process in a group of its own, with the container's root, environment and init.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { basename, join, posix } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { ApiError } from './api-error.ts';
import { type ContainerSetting, settingVariable } from './container-setting.ts';

export interface ProcessOptions {
  argv: string[];
  /** The unpacked image. */
  root: string;
  /** As the program sees it. */
  workingDir: string;
  /** `NAME=VALUE`. */
  env: string[];
  /** Carried by the process and its children, but not shown to the program. */
  hidden: Record<string, string>;
  hostname: string;
  setting: Pick<ContainerSetting, 'sockets' | 'address' | 'gateway'>;
  /** The bundled `container-init.cjs`. */
  containerInit: string;
  stdin: boolean;
}

export interface RunningProcess {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Null unless asked for. */
  readonly stdin: Writable | null;
  /** Resolves when the program and everything it left in its group is gone and its output was read: 128 + N after signal N. */
  readonly exited: Promise<number>;
  /** To the program itself, as Docker does; false when it is gone. */
  signal(name: NodeJS.Signals): boolean;
}

/** After the end of the program its last output is in the pipes; a process that fled the group may hold them open for ever. */
const drainMs = 1000;

/** Options of `node` that take the next word as their value. */
const nodeOptionsWithValue = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
  '--conditions',
  '--env-file',
]);
/** With these, the program stands in the command line and no file is run. */
const inlineOptions = new Set(['-e', '--eval', '-p', '--print', '-pe', '-v', '--version', '-h', '--help', '-i', '-']);

export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { argv, root, containerInit, hidden } = options;
  const program = argv[0] ?? '';
  if (basename(program) !== 'node' || (program !== 'node' && !/^\/usr(?:\/local)?\/bin\/node$/.test(program))) throw notExecutable(program);
  const directory = join(root, posix.normalize(options.workingDir));
  await mkdir(directory, { recursive: true });
  const setting: ContainerSetting = { ...options.setting, hidden: Object.keys(hidden), lifeline: true };
  const environment: Record<string, string> = {
    HOME: '/root',
    HOSTNAME: options.hostname,
    ...Object.fromEntries(options.env.map(splitPair)),
    ...hidden,
    [settingVariable]: JSON.stringify(setting),
  };
  const child = spawn(process.execPath, ['--require', containerInit, ...translate(argv.slice(1), root)], {
    cwd: directory,
    env: environment as NodeJS.ProcessEnv,
    detached: true,
    // The last one is the init's lifeline: it ends with this process, however that ends.
    stdio: [options.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe'],
  });
  await once(child, 'spawn');
  const exited = waitForEnd(child);
  child.stdin?.on('error', () => undefined); // the program closed its input; its exit says the rest
  return {
    pid: child.pid!,
    stdout: child.stdout!,
    stderr: child.stderr!,
    stdin: child.stdin,
    exited,
    signal: (name) => child.exitCode === null && child.signalCode === null && child.kill(name),
  };
}

function waitForEnd(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      killGroup(child.pid!);
      const status = code ?? 128 + constants.signals[signal!];
      const drained = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, drainMs);
      child.once('close', () => {
        clearTimeout(drained);
        resolve(status);
      });
      // It would keep `close` from coming while a child of the program holds the other end.
      child.stdio[3]?.destroy();
    });
  });
}

/** A container ends with its first process: nothing of it is left behind. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // nobody was left
  }
}

/** The script's path is the one word that Node itself would look up outside of the root. */
function translate(words: string[], root: string): string[] {
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (inlineOptions.has(word) || word.startsWith('--eval=') || word.startsWith('--print=')) return words;
    if (nodeOptionsWithValue.has(word)) index++;
    else if (!word.startsWith('-')) {
      return word.startsWith('/') ? words.with(index, join(root, posix.normalize(word))) : words;
    }
  }
  return words;
}

function splitPair(pair: string): [string, string] {
  const equals = pair.indexOf('=');
  return [pair.slice(0, equals), pair.slice(equals + 1)];
}

/** In Docker's words, which its client turns into exit status 127. */
function notExecutable(program: string): ApiError {
  const detail = program.includes('/') ? `stat ${program}: no such file or directory` : 'executable file not found in $PATH';
  return new ApiError(
    400,
    `failed to create task for container: unable to start container process: exec: ${JSON.stringify(program)}: ${detail}: unknown (the lab's containers have no other program than node)`,
  );
}
