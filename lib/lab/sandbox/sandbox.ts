/** A machine's own view of everything: root, processes, network, host name. Made of Linux namespaces, held by one process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { type Entered, enterTerminal, enterWithoutTerminal, type InnerProgram } from './enter.ts';
import { type RootOptions, rootArguments } from './root.ts';

export interface Sandbox {
  /** The first process of the machine, as this computer numbers it. */
  readonly init: number;
  /** The process that holds the network, and may change it. */
  readonly holder: number;
  /** Where a path inside the machine lies on this computer; symbolic links cannot lead out. */
  resolve(path: string): string;
  /**
   * What to start on this computer so that the program runs in the machine. With `tellNumber`, its process id there is written to file
   * descriptor 3, in decimal digits, before the program starts.
   */
  enter(program: InnerProgram, tellNumber?: boolean): Entered;
  /** The same for a program that is started on a pty. */
  enterOnTerminal(program: InnerProgram): Entered;
  /** Ends every process in it. */
  close(): Promise<void>;
}

/** Absolute paths of what a sandbox is made with. */
export interface SandboxPrograms {
  bwrap: string;
  nsenter: string;
  unshare: string;
}

export interface SandboxOptions extends RootOptions {
  programs: SandboxPrograms;
  hostname: string;
  /** 172.17.8.101 */
  address: string;
  /** From 1. */
  number: number;
}

/** The numbers of CoreOS's user. */
const core = 500;
const startMs = 10_000;
/** The kernel ends what is in the machine with its first process, whatever it is doing. */
const closeMs = 2000;
const maxLinks = 40;

/** Resolves when programs can enter it. Rejects with a sentence when this computer does not allow it. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { bwrap, nsenter, unshare } = options.programs;
  const bubble = [
    ...[bwrap, '--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    ...['--uid', `${core}`, '--gid', `${core}`, '--hostname', options.hostname],
    ...['--die-with-parent', '--new-session', '--clearenv', '--as-pid-1', '--info-fd', '3'],
    ...rootArguments(options),
    // It ends at the end of its input, and takes the whole machine along; until then it buries what nobody waits for.
    ...['/bin/bash', '-c', 'exec -a /usr/lib/systemd/systemd bash'],
  ];
  const child = spawn(unshare, ['--user', '--map-root-user', '--net', '/bin/sh', '-c', networkScript(options), ...bubble], {
    cwd: '/',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } as unknown as NodeJS.ProcessEnv,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    detached: true, // a Ctrl-C for the app must not end the machine first
  });
  child.stdin!.on('error', () => {}); // it is gone already, which its exit tells
  const complaints = collect(child.stderr!);
  const information = collect(child.stdio[3] as Readable);
  const exited = once(child, 'exit').catch(() => {});
  child.stdin!.write('echo up\n');
  await waitUntilUp(child, complaints);
  child.stdout!.resume();
  const init = Number(/"child-pid": *(\d+)/.exec(information())?.[1]);
  const holder = child.pid!;
  const root = `/proc/${init}/root`;
  // First the holder's user namespace, which owns the others; then, with the rights that this gives, the machine's.
  const nsenters = [
    ...[nsenter, '-t', `${holder}`, '-U', '-n', '--preserve-credentials'],
    ...[nsenter, '-t', `${init}`, '-U', '-m', '-u', '-i', '-p', '--preserve-credentials'],
  ];
  return {
    init,
    holder,
    resolve: (path) => (path.startsWith(`${root}/`) || !path.startsWith('/') ? path : root + followLinks(root, path)),
    enter: (program, tellNumber = false) => enterWithoutTerminal(nsenters, program, tellNumber),
    enterOnTerminal: (program) => enterTerminal(nsenters, program),
    async close() {
      child.stdin!.end();
      const kill = setTimeout(() => child.kill('SIGKILL'), closeMs);
      await exited;
      clearTimeout(kill);
    },
  };
}

async function waitUntilUp(child: ChildProcess, complaints: () => string): Promise<void> {
  const failed = new Promise<never>((_resolve, reject) => {
    const fail = (why: string) => {
      const reason = complaints().trim().split('\n').at(-1);
      reject(new Error(`The machine cannot be kept apart from this computer: ${reason || why}.`));
    };
    child.once('error', (error) => fail(error.message));
    child.once('close', (status, signal) => fail(`bubblewrap ended with ${signal ?? `status ${status}`}`));
  });
  const slow = new AbortController();
  const timer = setTimeout(() => slow.abort(), startMs);
  try {
    await Promise.race([once(child.stdout!, 'data', { signal: slow.signal }), failed]);
  } catch (error) {
    child.kill('SIGKILL');
    if (!slow.signal.aborted) throw error;
    throw new Error(`The machine cannot be kept apart from this computer: it did not start within ${startMs / 1000} seconds.`);
  } finally {
    failed.catch(() => {}); // from now on its end is somebody else's matter
    clearTimeout(timer);
  }
}

function collect(stream: Readable): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-4096);
  });
  stream.on('error', () => {});
  return () => text;
}

/**
 * The two interfaces of a Vagrant machine, and a route that makes every address of the private network answer right here,
 * where the lab listens for all machines. What this computer's kernel or tools do not offer is left out.
 */
function networkScript({ address, number }: SandboxOptions): string {
  const digits = number.toString(16).padStart(2, '0');
  const add = (name: string, tail: string, network: string) => `
    { ip link add ${name} type dummy || ip link add ${name} type ifb || ip link add ${name} type bridge; }
    ip link set ${name} address 08:00:27:${digits}:${tail}
    ip addr add ${network} brd + dev ${name}
    ip link set ${name} up`;
  return `{
    ip link set lo up
    ${add('eth0', '5a:10', '10.0.2.15/24')}
    ${add('eth1', '5a:11', `${address}/24`)}
    ip route add local ${address.replace(/\d+$/, '0/24')} dev lo
    echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
  } 2>/dev/null </dev/null
  exec "$0" "$@"`;
}

/** The path without symbolic links, seen from `root`; what does not exist stays as it is written. */
function followLinks(root: string, path: string): string {
  const rest = path.split('/');
  let links = 0;
  let at = '';
  while (rest.length > 0) {
    const name = rest.shift()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = posix.dirname(at || '/').replace(/^\/$/, '');
      continue;
    }
    const target = linkTarget(`${root}${at}/${name}`);
    if (target === null || ++links > maxLinks) {
      at = `${at}/${name}`;
      continue;
    }
    if (target.startsWith('/')) at = '';
    rest.unshift(...target.split('/'));
  }
  return at || '/';
}

function linkTarget(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null;
  } catch {
    return null; // nothing is there, or nothing that may be looked at
  }
}
