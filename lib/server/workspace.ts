// The one folder that everything is written to, its lock, and the short-lived directory for sockets.
import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workspaceMark } from './settings.ts';

export interface Workspace {
  directory: string;
  /** Progress, logs, the token. */
  state: string;
  /** 0700, short path, gone when the app ends. */
  run: string;
  /** What marks this workspace's processes in their environment. */
  mark: string;
  /** Writes what a second start, or `npm run shell`, must know of this one; only the same user can read it. */
  announce(running: Announcement): void;
  close(): void;
}

export interface Announcement {
  pid: number;
  /** The URL with its token. */
  url: string;
  /** The environment of the learner's shells. */
  environment: Record<string, string>;
}

/** Somebody else holds the workspace. */
export class WorkspaceBusy extends Error {
  readonly running: Announcement | undefined;
  constructor(directory: string, running: Announcement | undefined) {
    super(
      `Another instance is using ${directory}${running ? ` (process ${running.pid})` : ''}: stop it, or choose another folder with --workspace DIR.`,
    );
    this.running = running;
  }
}

/**
 * Creates the workspace where it is missing and takes its lock.
 * @throws WorkspaceBusy when a running instance holds the lock
 * @throws Error with a sentence when the folder cannot be used safely
 */
export async function openWorkspace(directory: string): Promise<Workspace> {
  const state = join(directory, 'state');
  for (const path of [directory, state, join(directory, 'home'), join(directory, 'lab')]) makePrivate(path);
  const mark = workspaceMark(directory);
  const run = runDirectory(directory);
  makePrivate(run);
  const announcement = join(state, 'running.json');
  const lock = await takeLock(mark, join(run, 'lock'));
  if (!lock) throw new WorkspaceBusy(directory, readAnnouncement(announcement));
  // Whoever held the lock is gone; what is left in the run directory are dead sockets.
  return {
    directory,
    state,
    run,
    mark,
    announce: (running) => writePrivate(announcement, JSON.stringify(running)),
    close() {
      rmSync(announcement, { force: true });
      rmSync(run, { recursive: true, force: true });
      lock.close();
    },
  };
}

/** What the instance that holds the workspace says of itself; undefined when none runs. */
export async function findRunning(directory: string): Promise<Announcement | undefined> {
  const mark = workspaceMark(directory);
  const held = await answers(lockAddress(mark, join(runDirectory(directory), 'lock')));
  return held ? readAnnouncement(join(directory, 'state', 'running.json')) : undefined;
}

/** The workspace's token: 256 random bits, made once, readable by this user only. */
export function workspaceToken(state: string): string {
  const file = join(state, 'token');
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (/^[0-9a-f]{64}$/.test(token)) return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const token = randomBytes(32).toString('hex');
  writePrivate(file, `${token}\n`);
  return token;
}

/** Writes a file that only this user can read, all of it or nothing. */
export function writePrivate(file: string, text: string): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
  renameSync(draft, file);
}

function makePrivate(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(
      `The folder ${directory} cannot be made (${(error as NodeJS.ErrnoException).code}): choose another one with --workspace DIR.`,
      { cause: error },
    );
  }
  const entry = lstatSync(directory);
  if (!entry.isDirectory() || entry.uid !== process.getuid?.()) {
    throw new Error(`${directory} is not a folder of this user's own: remove it, or choose another one with --workspace DIR.`);
  }
  try {
    if ((entry.mode & 0o777) !== 0o700) chmodSync(directory, 0o700);
    const probe = join(directory, `.probe-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw new Error(
      `The folder ${directory} cannot be written to (${(error as NodeJS.ErrnoException).code}): make it writable, or choose another one with --workspace DIR.`,
      {
        cause: error,
      },
    );
  }
}

/** Where a workspace's sockets are while it is open. Socket paths must stay below 108 bytes, and some systems have a long TMPDIR. */
export function runDirectory(workspace: string): string {
  return join(tmpdir().length > 30 ? '/tmp' : tmpdir(), `coreos-${workspaceMark(workspace)}`);
}

function readAnnouncement(file: string): Announcement | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // it holds the lock and is still starting
  }
}

/** On Linux an abstract socket, which the kernel frees however its owner dies; elsewhere a socket file. */
function lockAddress(mark: string, file: string): string {
  return process.platform === 'linux' ? `\0coreos-reflector-${process.getuid?.()}-${mark}` : file;
}

async function takeLock(mark: string, file: string): Promise<Server | undefined> {
  const address = lockAddress(mark, file);
  if (process.platform !== 'linux') {
    if (await answers(address)) return undefined;
    rmSync(file, { force: true });
  }
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen(address, () => resolve(server));
  });
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
