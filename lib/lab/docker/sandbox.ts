// Keeps a container's program apart from this computer, with bubblewrap: files, processes, a host name and a network of its own.
import { execFile } from 'node:child_process';
import { closeSync, openSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Bubblewrap } from '#lib/lab/bubblewrap.ts';
import { findProgram } from '../find-program.ts';
import { ensureInRoot } from './container-root.ts';

/** Where the lab's own things are in a container. */
export const inside = { node: '/usr/local/bin/node', init: '/.lab/init.cjs', sockets: '/.lab/sockets' };

/** How containers are kept apart: in a sandbox, or not at all, and then why: a part of a sentence. */
export type Isolation = { sandbox: Sandbox } | { reason: string };

export interface SandboxedPlace {
  /** The container's own copy of the image's files. */
  root: string;
  sockets: string;
  hostname: string;
  /** As the program sees it. */
  workingDir: string;
  mounts: { source: string; target: string; readOnly: boolean }[];
  /** Variables of the lab that end at the sandbox's door. */
  hidden: string[];
}

export interface Sandbox {
  /** Makes sure that everything that is mounted has its place in the root. Only while nothing of the container runs. */
  prepare(place: Pick<SandboxedPlace, 'root' | 'mounts'>): Promise<void>;
  /**
   * The command line of Node in the sandbox; its own arguments are to follow.
   * @param namespaces file descriptors of the container that it is to join, as the child sees them; null for a container of its own
   */
  command(place: SandboxedPlace, statusFd: number, namespaces: { user: number | null; pid: number } | null): string[];
}

/** In /tmp, and again in /dev/shm: the limit of a container's memory does not see it. */
const memoryBytes = 64 * 1024 * 1024;
const tryMs = 10_000;

/**
 * Looks up what Node needs of this computer and tries it once.
 * @param init the bundled `container-init.cjs`
 * @param scratch a folder for the trial's own
 */
export async function openSandbox(bubblewrap: Bubblewrap, init: string, scratch: string, node = process.execPath): Promise<Isolation> {
  if ('reason' in bubblewrap) return bubblewrap;
  const root = await mkdtemp(join(scratch, 'sandbox-'));
  try {
    const files: MountedFile[] = [[node, inside.node], [init, inside.init], ...(await libraries(node))];
    const program = findProgram(bubblewrap.program) ?? bubblewrap.program;
    const sandbox = await tryOut(createSandbox(program, files, true), root).catch((error: { stderr?: string }) => {
      if (error.stderr?.includes('--size')) return tryOut(createSandbox(program, files, false), root); // before version 0.7
      throw error;
    });
    return { sandbox };
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const said = stderr.split('\n').filter((line) => line && !line.startsWith('{'));
    return { reason: `Node does not start in bubblewrap here: ${said.at(-1) ?? message}` };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function tryOut(sandbox: Sandbox, scratch: string): Promise<Sandbox> {
  const place = { root: join(scratch, 'root'), sockets: join(scratch, 'sockets'), hostname: 'trial', workingDir: '/' };
  await mkdir(place.root, { recursive: true });
  await mkdir(place.sockets, { recursive: true });
  const whole: SandboxedPlace = { ...place, mounts: [], hidden: [] };
  await sandbox.prepare(whole);
  const [file, ...args] = sandbox.command(whole, 2, null);
  await promisify(execFile)(file!, [...args, '--version'], { timeout: tryMs });
  return sandbox;
}

type MountedFile = [source: string, target: string];

/** @param sized whether this bubblewrap can limit what is kept in memory; else /tmp is a folder of the root, on the disk */
function createSandbox(program: string, files: MountedFile[], sized: boolean): Sandbox {
  const inMemory = (directory: string) => (sized ? ['--size', String(memoryBytes), '--perms', '1777', '--tmpfs', directory] : []);
  return {
    async prepare({ root, mounts }) {
      for (const directory of ['/proc', '/dev', '/tmp', inside.sockets]) await ensureInRoot(root, directory, 'directory');
      for (const [, target] of files) await ensureInRoot(root, target, 'file');
      for (const { source, target } of mounts) await ensureInRoot(root, target, (await stat(source)).isDirectory() ? 'directory' : 'file');
    },
    command: ({ root, sockets, hostname, workingDir, mounts, hidden }, statusFd, namespaces) => [
      program,
      ...['--die-with-parent', '--new-session', '--unshare-ipc', '--unshare-net', '--unshare-uts', '--unshare-cgroup-try'],
      // The program is process 1 of its container, as in Docker. What joins it later is an ordinary process there.
      ...(namespaces ? joinArguments(namespaces) : ['--unshare-user-try', '--unshare-pid', '--as-pid-1']),
      ...['--cap-drop', 'ALL', '--uid', '0', '--gid', '0', '--hostname', hostname],
      ...['--bind', root, '/'],
      ...['--proc', '/proc', '--dev', '/dev', ...inMemory('/dev/shm'), '--remount-ro', '/dev', ...inMemory('/tmp')],
      ...mounts.flatMap(({ source, target, readOnly }) => [readOnly ? '--ro-bind' : '--bind', source, target]),
      ...files.flatMap(([source, target]) => ['--ro-bind', source, target]),
      ...['--bind', sockets, inside.sockets],
      ...hidden.flatMap((name) => ['--unsetenv', name]),
      ...['--json-status-fd', String(statusFd), '--chdir', workingDir, '--', inside.node],
    ],
  };
}

function joinArguments({ user, pid }: { user: number | null; pid: number }): string[] {
  return [...(user === null ? [] : ['--userns', String(user)]), '--pidns', String(pid)];
}

/** Opens the namespaces of a running container, for one more process in it. Null when it has ended. */
export function openNamespaces(pid: number): { user: number | null; pid: number; close(): void } | null {
  const opened: number[] = [];
  const close = () => opened.splice(0).forEach(closeSync);
  const open = (name: string) => {
    opened.push(openSync(`/proc/${pid}/ns/${name}`, 'r'));
    return opened.at(-1)!;
  };
  try {
    // For root, where the system has no user namespaces, there is none to join.
    const shared = readlinkSync(`/proc/${pid}/ns/user`) === readlinkSync('/proc/self/ns/user');
    return { pid: open('pid'), user: shared ? null : open('user'), close };
  } catch {
    close();
    return null;
  }
}

/** The libraries that the dynamic linker names for a program: `libc.so.6 => /lib/…/libc.so.6 (0x…)`. A static one has none. */
async function libraries(program: string): Promise<[string, string][]> {
  const { stdout } = await promisify(execFile)('ldd', [program]).catch((error: { stdout?: string; stderr?: string }) => {
    if (/not a (valid )?dynamic/i.test(`${error.stdout}${error.stderr}`)) return { stdout: '' };
    throw error;
  });
  return [...stdout.matchAll(/(?:^\s*|=> )(\/\S+)/gm)].map(([, path]) => [path!, path!]);
}
