/** Starts the lab as a child process and speaks with it: the server's side. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type LabOptions, type LabStatus, labVariable, markVariable, type ReadyLine } from './api.ts';
import { repositoryEnvironment } from './repositories.ts';

export interface Lab {
  status(): Promise<LabStatus>;
  /** What a learner's shell needs to reach the lab. `PATH` holds only the lab's own folder, for the front of the whole. */
  learnerEnvironment(): Record<string, string>;
  /** Stops every machine and the lab; resolves when the process is gone. */
  close(): Promise<void>;
}

export interface LabProcessOptions extends LabOptions {
  /** The lab ended although nobody closed it; the sentence says why, and whether it is being started again. */
  onExit(reason: string): void;
}

/** The lab promises to be gone five seconds after its lifeline closes. */
const closeMs = 6000;
/** Long enough for a first start on a busy computer: keys, repositories, the image. */
const startMs = 60_000;
const statusMs = 5000;
/** A lab that ended so often within this time would only do it again. */
const restarts = { most: 3, withinMs: 60_000 };

/** Resolves when the lab answers. Rejects with the lab's own sentence when it cannot start. */
export async function startLab({ onExit, ...options }: LabProcessOptions): Promise<Lab> {
  let program = startProgram(options);
  let closing: Promise<void> | undefined;
  let ends: number[] = [];
  watch(await program);

  function watch({ exited }: Program): void {
    void exited.then((reason) => {
      if (closing) return;
      const now = performance.now();
      ends = [...ends.filter((time) => now - time < restarts.withinMs), now];
      if (ends.length > restarts.most) return onExit(`${reason} Its machines are down; restart the app to boot them again.`);
      onExit(`${reason} It is started again, and boots the machines that ran.`);
      program = startProgram(options);
      program.then(watch, (error: Error) => onExit(`The lab could not be started again: ${error.message}`));
    });
  }

  const socket = labSocket(options.run);
  return {
    status: () => fetchLabStatus(socket),
    learnerEnvironment: () => ({
      PATH: join(options.workspace, 'lab', 'bin'),
      HOME: join(options.workspace, 'home'),
      VAGRANT_HOME: join(options.workspace, 'home', '.vagrant.d'),
      [labVariable]: socket,
      ...repositoryEnvironment(join(options.workspace, 'lab', 'repositories')),
    }),
    close: () => {
      closing ??= program.then(end, () => {}); // one that could not start has ended already
      return closing;
    },
  };
}

interface Program {
  child: ChildProcess;
  /** Resolves with a sentence when the process is gone. */
  exited: Promise<string>;
}

async function startProgram(options: LabOptions): Promise<Program> {
  const child = spawn(process.execPath, ['--enable-source-maps', join(options.programs, 'lab.mjs'), JSON.stringify(options)], {
    // The other end of standard input is the lifeline: when this process goes, whatever the way, the lab sees its end.
    stdio: ['pipe', 'pipe', 'inherit'],
    env: labEnvironment(options) as NodeJS.ProcessEnv,
  });
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`The lab could not be started: ${error.message}.`));
    child.once('exit', (status, signal) => resolve(`The lab ended ${signal ? `by ${signal}` : `with status ${status}`}.`));
  });
  child.stdin!.on('error', () => {}); // the lab is gone already; `exited` tells
  const program = { child, exited };
  try {
    await ready(program);
    return program;
  } catch (error) {
    await end(program);
    throw error;
  }
}

export function labSocket(run: string): string {
  return join(run, 'lab.sock');
}

async function ready({ child, exited }: Program): Promise<void> {
  const lines = createInterface({ input: child.stdout! });
  const timeout = AbortSignal.timeout(startMs);
  const first = Promise.race([
    once(lines, 'line', { signal: timeout }).then(([line]) => JSON.parse(line) as ReadyLine),
    exited.then((error): ReadyLine => ({ ready: false, error })),
  ]);
  const answer = await first.catch((cause) => {
    throw new Error(`The lab did not get ready within ${startMs / 1000} seconds.`, { cause });
  });
  lines.close();
  child.stdout!.resume();
  if (!answer.ready) throw new Error(answer.error);
}

async function end({ child, exited }: Program): Promise<void> {
  child.stdin?.end();
  const kill = setTimeout(() => child.kill('SIGKILL'), closeMs);
  await exited;
  clearTimeout(kill);
}

/** Only what its children need: nothing of the app's own settings or secrets. */
function labEnvironment({ workspace, marker }: LabOptions): Record<string, string> {
  const { PATH = '/usr/local/bin:/usr/bin:/bin', LANG = 'C.UTF-8', TZ, TMPDIR } = process.env;
  return {
    PATH,
    LANG,
    HOME: join(workspace, 'home'),
    ...(TZ === undefined ? {} : { TZ }),
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
    [markVariable]: marker,
  };
}

/** Asks the lab behind a socket. Rejects when it does not answer. A connection that was kept could be closed by the lab just then. */
export function fetchLabStatus(socketPath: string): Promise<LabStatus> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/', agent: false, signal: AbortSignal.timeout(statusMs) }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
    });
    asked.on('error', (cause) => reject(new Error(`The lab does not answer: ${cause.message}.`, { cause })));
    asked.end();
  });
}
