// Starts a container's program: a Node process with the container's root, environment and init, in the sandbox if there is one.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { join, posix } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { signalProcess } from '../processes.ts';
import { ApiError } from './api-error.ts';
import { checkCommand, plainArguments } from './container-command.ts';
import { limitCommand } from './container-limits.ts';
import { type ContainerSetting, settingVariable } from './container-setting.ts';
import { processesWithEnvironment } from './process-tree.ts';
import { type Isolation, inside, openNamespaces, type SandboxedPlace } from './sandbox.ts';

export interface ProcessOptions {
  argv: string[];
  /** The unpacked image, and the rest of what the sandbox needs. */
  place: Omit<SandboxedPlace, 'workingDir' | 'hidden'>;
  /** As the program sees it. Must exist. */
  workingDir: string;
  /** `NAME=VALUE`. */
  env: string[];
  /** Carried by the process and its children, but not shown to the program. */
  hidden: Record<string, string>;
  network: Pick<ContainerSetting, 'address' | 'gateway' | 'hostname'>;
  isolation: Isolation;
  /** The bundled `container-init.cjs`. */
  containerInit: string;
  stdin: boolean;
  /** The container that it joins; null for a container's first process. */
  joins: RunningProcess | null;
  /** Bytes; a single process cannot have much more, however fast it takes them. */
  memory: number;
  /** Whether signals end a first process that does not listen to them, as with `docker run --init`. */
  init: boolean;
}

export interface RunningProcess {
  /** Of the program itself, as this computer counts. */
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
const lifelineFd = 3;
const statusFd = 4;

/** Resolves once the program's init runs, so that from then on no signal is lost. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  await checkCommand(options.argv, options.place.root);
  const namespaces = 'sandbox' in options.isolation && options.joins ? openNamespaces(options.joins.pid) : null;
  if ('sandbox' in options.isolation && options.joins && !namespaces) throw new ApiError(409, 'the container is not running any more');
  const child = launch(options, namespaces);
  child.stdin?.on('error', () => undefined); // the program closed its input; its exit says the rest
  try {
    await once(child, 'spawn');
  } finally {
    namespaces?.close();
  }
  const status = 'sandbox' in options.isolation ? followStatus(child.stdio[statusFd] as Readable) : null;
  const exited = waitForEnd(child, () => {
    if ('reason' in options.isolation && !options.joins) killCarriers(options.place.sockets);
  });
  const started = await Promise.race([
    once(child.stdio[lifelineFd] as Readable, 'data').then(() => true),
    once(child, 'exit').then(() => false),
  ]).catch(() => false);
  // Node may have ended before its init, because of an option like --version; a sandbox that failed has no program to tell of.
  if (status && !started && !(await status.programRan())) throw await sandboxFailed(child);
  const pid = status ? await status.pid() : child.pid!;
  return {
    pid,
    stdout: child.stdout!,
    stderr: child.stderr!,
    stdin: child.stdin,
    exited,
    signal: (name) => child.exitCode === null && child.signalCode === null && !status?.ended() && signalProcess(pid, name),
  };
}

function launch(options: ProcessOptions, namespaces: ReturnType<typeof openNamespaces>): ChildProcess {
  const { argv, place, isolation, containerInit, hidden, network, joins, init } = options;
  const first = joins === null ? (init ? 'init' : 'one') : null;
  const stdio = [options.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe'] as ('pipe' | 'ignore' | number)[];
  const environmentOf = (setting: ContainerSetting): Record<string, string> => ({
    HOME: '/root',
    HOSTNAME: place.hostname,
    ...Object.fromEntries(options.env.map(splitPair)),
    ...hidden,
    [settingVariable]: JSON.stringify(setting),
  });
  if ('reason' in isolation) {
    const setting: ContainerSetting = { ...network, sockets: place.sockets, hidden: Object.keys(hidden), unset: [], lifeline: true, first };
    const [file, ...args] = [...limitCommand(options.memory), process.execPath, '--require', containerInit];
    return spawn(file!, [...args, ...plainArguments(argv, place.root)], {
      cwd: join(place.root, posix.join('/', options.workingDir)),
      env: environmentOf(setting) as NodeJS.ProcessEnv,
      detached: true,
      // The last one is the init's lifeline: it ends with this process, however that ends.
      stdio,
    });
  }
  const unset = options.env.some((pair) => pair.startsWith('PWD=')) ? [] : ['PWD']; // bubblewrap sets it
  const setting: ContainerSetting = { ...network, sockets: inside.sockets, hidden: [], unset, lifeline: true, first };
  const whole = { ...place, workingDir: options.workingDir, hidden: Object.keys(hidden) };
  const joined = namespaces && { pid: statusFd + 1, user: namespaces.user === null ? null : statusFd + 2 };
  const [file, ...args] = [...limitCommand(options.memory), ...isolation.sandbox.command(whole, statusFd, joined)];
  return spawn(file!, [...args, '--require', inside.init, ...argv.slice(1)], {
    env: environmentOf(setting) as NodeJS.ProcessEnv,
    detached: true,
    stdio: [...stdio, 'pipe', ...(namespaces ? [namespaces.pid, ...(namespaces.user === null ? [] : [namespaces.user])] : [])],
  });
}

/** Reads what bubblewrap tells of its program: JSON lines with `child-pid`, and `exit-code` after the end of one that started. */
function followStatus(source: Readable) {
  const lines = createInterface({ input: source });
  const told: { 'child-pid'?: number; 'exit-code'?: number } = {};
  lines.on('line', (line) => Object.assign(told, JSON.parse(line)));
  source.on('error', () => lines.close()); // bubblewrap ended; its exit says the rest
  const closed = once(lines, 'close');
  return {
    async pid(): Promise<number> {
      while (told['child-pid'] === undefined) await once(lines, 'line');
      return told['child-pid'];
    },
    ended: () => told['exit-code'] !== undefined,
    async programRan(): Promise<boolean> {
      await closed;
      return told['exit-code'] !== undefined;
    },
  };
}

async function sandboxFailed(child: ChildProcess): Promise<ApiError> {
  const said = await text(child.stderr!).catch(() => '');
  const reason = said
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/^bwrap: /, '');
  return new ApiError(500, `failed to create task for container: unable to start container process: ${reason || 'bubblewrap failed'}`);
}

function waitForEnd(child: ChildProcess, onEnd: () => void): Promise<number> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      killGroup(child.pid!);
      onEnd();
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
      child.stdio[lifelineFd]?.destroy();
    });
  });
}

/** A container ends with its first process: nothing of it is left behind. */
function killGroup(pid: number): void {
  signalProcess(-pid, 'SIGKILL');
}

/** Without a sandbox, what left the group is known by the setting in its environment. */
function killCarriers(sockets: string): void {
  for (const pid of processesWithEnvironment(JSON.stringify(sockets))) signalProcess(pid, 'SIGKILL');
}

function splitPair(pair: string): [string, string] {
  const equals = pair.indexOf('=');
  return [pair.slice(0, equals), pair.slice(equals + 1)];
}
