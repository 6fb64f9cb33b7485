// Starts one command of a unit as a real process, leader of its own process group, and hands its output on line by line.
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { getSystemErrorMap } from 'node:util';
import type { Sandbox } from '#lib/lab/sandbox/sandbox.ts';
import { chdirStatus, execStatus, type ProcessExit } from './exit.ts';

export interface ProcessRequest {
  /** Where the program really lies. */
  file: string;
  /** Where the unit says it lies; named in messages. */
  path: string;
  /** argv[0]. */
  name: string;
  arguments: string[];
  environment: Record<string, string>;
  /** Where it really lies. */
  directory: string;
  /** Where the unit says it lies. */
  innerDirectory: string;
  /** The machine's, if it has one: then the process that is started only waits in front of the program. */
  sandbox: Sandbox | undefined;
}

export interface ProcessListener {
  /** Called once for each of the two streams: where its bytes go. `push` answers false while they are dropped. */
  output(): { push(chunk: Buffer): boolean; end(): void };
  /** The program could not be run: `Failed at step EXEC spawning …`. */
  failedAt(message: string): void;
  /** The program's number inside the machine, where that is another one. */
  numbered(pid: number): void;
  /** After the last of the output. */
  ended(exit: ProcessExit): void;
}

/** Answers with the process id, 0 when the program could not be run. Throws an Error when the computer has no room for a process. */
export function startProcess(request: ProcessRequest, listener: ProcessListener): number {
  const failAt = (step: string, status: number, code: string) => {
    listener.failedAt(`Failed at step ${step} spawning ${request.path}: ${describeError(code)}`);
    // As the fork succeeds in reality, the failure is the child's exit and is told later.
    setImmediate(() => listener.ended({ code: 'exited', status }));
    return 0;
  };
  const directoryError = checkDirectory(request.directory);
  if (directoryError) return failAt('CHDIR', chdirStatus, directoryError);

  let child: ChildProcess;
  try {
    child = request.sandbox ? spawnInside(request, request.sandbox, listener) : spawnHere(request);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (isShortage(code)) throw new Error(describeError(code), { cause: error });
    return failAt('EXEC', execStatus, code);
  }
  child.once('error', (error: NodeJS.ErrnoException) => failAt('EXEC', execStatus, error.code ?? ''));
  if (child.pid === undefined) return 0;

  let received = 0;
  let closed = false;
  let draining = false;
  const outputs = [child.stdout!, child.stderr!].map((stream) => {
    const output = listener.output();
    stream.on('data', (chunk: Buffer) => {
      received++;
      if (output.push(chunk) || draining) return;
      stream.pause();
      setTimeout(() => stream.resume(), floodPauseMs).unref();
    });
    stream.once('end', () => output.end());
    stream.on('error', () => {}); // a pipe that breaks is a pipe that ends
    return output;
  });
  child.once('close', () => {
    closed = true;
  });
  child.once('exit', (code, signal) => {
    draining = true;
    child.stdout!.resume();
    child.stderr!.resume();
    const exit: ProcessExit = signal ? { code: 'killed', signal } : { code: 'exited', status: code ?? 0 };
    afterOutput(
      () => (closed ? null : received),
      () => {
        draining = false;
        for (const output of outputs) output.end();
        listener.ended(exit);
      },
    );
  });
  return child.pid;
}

function spawnHere({ file, name, arguments: args, directory, environment }: ProcessRequest): ChildProcess {
  return spawn(file, args, {
    argv0: name,
    cwd: directory,
    env: environment as NodeJS.ProcessEnv, // Next's types would have NODE_ENV in every environment
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Throws what the start of the program would fail with: what leads into the machine starts in any case. */
function spawnInside(request: ProcessRequest, sandbox: Sandbox, listener: ProcessListener): ChildProcess {
  accessSync(request.file, constants.X_OK);
  if (statSync(request.file).isDirectory()) throw Object.assign(new Error(`${request.path} is a directory`), { code: 'EACCES' });
  const { path: file, name, arguments: args, innerDirectory: directory, environment } = request;
  const entered = sandbox.enter({ file, name, args, directory, environment }, true);
  const child = spawn(entered.file, entered.args, {
    cwd: '/',
    env: entered.environment as NodeJS.ProcessEnv,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const numbers = child.stdio[3] as Readable | undefined; // none when there was no room for a process
  numbers?.on('error', () => {});
  numbers?.once('data', (chunk: Buffer) => listener.numbered(Number(chunk.toString())));
  return child;
}

/** Reading what is dropped anyway at full speed would cost a whole core; this leaves some 6 MB/s. */
const floodPauseMs = 10;

/** Turns of the event loop after which a flood from a process left behind no longer delays the end of the one that exited. */
const maxTurns = 100;

/**
 * What an exited process wrote lies in its pipes already, and every turn of the event loop reads what is there. So once a turn
 * brings nothing, all of it has arrived, even if a child of it still holds the pipe open.
 */
function afterOutput(received: () => number | null, done: () => void): void {
  let before = -1;
  let quietTurns = 0;
  let turns = 0;
  const look = () => {
    const now = received();
    quietTurns = now === before ? quietTurns + 1 : 0;
    before = now ?? before;
    if (now === null || quietTurns >= 2 || ++turns >= maxTurns) done();
    else setImmediate(look);
  };
  setImmediate(look);
}

function checkDirectory(path: string): string | null {
  try {
    return statSync(path).isDirectory() ? null : 'ENOTDIR';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'ENOENT';
  }
}

function isShortage(code: string): boolean {
  return ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE'].includes(code);
}

/** The C library's words for an error code, as they stand in systemd's messages. */
export function describeError(code: string): string {
  const words: Record<string, string> = {
    ENOENT: 'No such file or directory',
    EACCES: 'Permission denied',
    ENOTDIR: 'Not a directory',
    EISDIR: 'Is a directory',
    ENOEXEC: 'Exec format error',
    E2BIG: 'Argument list too long',
    EAGAIN: 'Resource temporarily unavailable',
    ENOMEM: 'Cannot allocate memory',
    EMFILE: 'Too many open files',
  };
  if (Object.hasOwn(words, code)) return words[code]!;
  return [...getSystemErrorMap().values()].find(([name]) => name === code)?.[1] ?? code;
}
