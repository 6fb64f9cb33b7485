// For tests: a machine in a temporary directory with its SSH server, and a key that may log in.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { PtyHost } from '#lib/terminal/pty.ts';
import type { MachineFacts } from '../machine.ts';
import { generateHostKeys } from './host-keys.ts';
import { type SshServer, type SshServerOptions, startSshServer } from './server.ts';

const run = promisify(execFile);

export interface TestServer {
  server: SshServer;
  directory: string;
  machine: MachineFacts;
  hostKeys: string[];
  /** The private key's file. */
  identity: string;
}

const noPtys: PtyHost = {
  open: () => Promise.reject(new Error('this test has no pty host')),
  close: async () => {},
};

export async function startTestServer(options: Partial<SshServerOptions> = {}, keyType = 'ed25519'): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'ssh-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const identity = await makeKey(directory, keyType);
  const authorized = await readFile(`${identity}.pub`, 'utf8');
  const machine = await makeMachine(directory);
  const hostKeys = options.hostKeys ?? (await generateHostKeys());
  const server = await startSshServer({
    machine,
    port: 0,
    hostKeys,
    authorizedKeys: () => [authorized],
    ptyHost: noPtys,
    connect: () => Promise.reject(Object.assign(new Error('nothing listens there'), { code: 'ECONNREFUSED' })),
    fleet: (stream) => stream.destroy(),
    ...options,
  });
  onTestFinished(() => server.close());
  return { server, directory, machine, hostKeys, identity };
}

/** @param type as `ssh-keygen -t` takes it */
export async function makeKey(directory: string, type: string, name = 'identity'): Promise<string> {
  const file = join(directory, name);
  await run('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', '', '-f', file]);
  return file;
}

async function makeMachine(directory: string): Promise<MachineFacts> {
  const home = join(directory, 'home', 'core');
  await mkdir(home, { recursive: true });
  return {
    name: 'core-01',
    id: '4c389e87f2bb4d4a8a1e7f9d2b3c4d5e',
    bootId: '0123456789abcdef0123456789abcdef',
    address: '172.17.8.101',
    directory,
    run: directory,
    environment: { PATH: `${home}/bin:${process.env.PATH}`, HOME: home, USER: 'core', LANG: 'C.UTF-8', COREOS_MACHINE: directory },
    resolve: (path) => (path.startsWith('/home/core') ? join(directory, path) : path),
  };
}
