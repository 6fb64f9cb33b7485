// A machine with a running Docker daemon, for tests: in temporary folders, ended with the test.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, onTestFinished, vi } from 'vitest';
import { markVariable } from '#lib/lab/api.ts';
import type { Bubblewrap } from '#lib/lab/bubblewrap.ts';
import type { MachineFacts } from '#lib/lab/machine.ts';
import { type DockerDaemon, startDockerDaemon } from './daemon.ts';
import { buildImage } from './image-build.ts';
import { type Isolation, openSandbox } from './sandbox.ts';

export const image = 'pandapup/coreos_reflector';

export interface TestMachine {
  machine: MachineFacts;
  registry: string;
  /** What `-p` published, by the machine's port. */
  published: Map<number, string>;
  /** Ends the daemon and starts it again, as a reboot does. */
  reboot(): Promise<void>;
  /** The lab's docker command, to its end. */
  docker(...args: string[]): Promise<Finished>;
  /** The same, still running. */
  startDocker(...args: string[]): Started;
  /** Any other program, with the machine's environment. */
  run(file: string, ...args: string[]): Promise<Finished>;
}

export interface Finished {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  child: ChildProcess;
  /** What came so far. */
  output: { stdout: string; stderr: string };
  finished: Promise<Finished>;
}

/** Both ways to run containers, each with the machine for it and what the test needs for that. */
export const modes: { mode: string; needs: 'bwrap'[]; startTestMachine: () => Promise<TestMachine> }[] = [
  { mode: 'with bubblewrap', needs: ['bwrap'], startTestMachine: () => startTestMachine({ program: 'bwrap' }) },
  { mode: 'without bubblewrap', needs: [], startTestMachine: () => startTestMachine({ reason: 'bubblewrap is not installed' }) },
];

/** What one test found out about this computer holds for the next. */
const isolations = new Map<string, Promise<Isolation>>();

export async function startTestMachine(bubblewrap: Bubblewrap): Promise<TestMachine> {
  const directory = await mkdtemp(join(tmpdir(), 'dk-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const registry = join(directory, 'registry');
  await buildImage(fileURLToPath(new URL('../../../reflector', import.meta.url)), registry);
  const run = join(directory, 'r');
  await mkdir(run, { mode: 0o700 });
  const machine: MachineFacts = {
    name: 'core-01',
    id: '0123456789abcdef0123456789abcdef',
    bootId: 'fedcba9876543210fedcba9876543210',
    address: '172.17.8.101',
    directory: join(directory, 'machine'),
    run,
    environment: { PATH: process.env.PATH ?? '', HOME: directory, COREOS_MACHINE: run, [markVariable]: directory },
    resolve: (path) => path,
  };
  const published = new Map<number, string>();
  const publish = (port: number, socketPath: string | null) => {
    if (socketPath === null) published.delete(port);
    else published.set(port, socketPath);
  };
  const containerInit = join(inject('programs'), 'container-init.cjs');
  const key = JSON.stringify(bubblewrap);
  const isolation = isolations.get(key) ?? openSandbox(bubblewrap, containerInit, tmpdir());
  isolations.set(key, isolation);
  const options = { machine, registry, containerInit, isolation: await isolation, publish };
  const start = () => startDockerDaemon(options);
  let daemon: DockerDaemon = await start();
  onTestFinished(() => daemon.close());

  function startProgram(file: string, args: string[]): Started {
    const child = spawn(file, args, { env: machine.environment as NodeJS.ProcessEnv, stdio: ['pipe', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output.stderr += text;
    });
    const finished = new Promise<Finished>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => resolve({ status, signal, ...output }));
    });
    return { child, output, finished };
  }

  const startDocker = (...args: string[]) => startProgram(process.execPath, [join(inject('programs'), 'docker.cjs'), ...args]);
  const finish = ({ child, finished }: Started) => {
    child.stdin?.end();
    return finished;
  };
  return {
    machine,
    registry,
    published,
    async reboot() {
      await daemon.close();
      daemon = await start();
    },
    docker: (...args) => finish(startDocker(...args)),
    startDocker,
    run: (file, ...args) => finish(startProgram(file, args)),
  };
}

/** Asks the program behind a published port, as soon as it listens. */
export async function ask(socketPath: string | undefined, path = '/', headers: Record<string, string> = {}): Promise<string> {
  if (socketPath === undefined) throw new Error('The port is not published.');
  return vi.waitFor(() => askOnce(socketPath, path, headers), { timeout: 10_000, interval: 20 });
}

function askOnce(socketPath: string, path: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, headers: { Host: '172.17.8.101', ...headers } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve(body));
    });
    asked.on('error', reject).end();
  });
}

/** Waits until the text is there, with the text so far in the failure. */
export async function untilSaid(output: { stdout: string }, text: string): Promise<void> {
  await vi.waitFor(() => expect(output.stdout).toContain(text), { timeout: 10_000, interval: 20 });
}
