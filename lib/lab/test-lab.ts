/** For tests: the real lab as a process of its own in a throw-away workspace, and a shell as a learner has it. */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inject, onTestFinished } from 'vitest';
import { type Lab, startLab } from './lab-process.ts';

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

export interface TestLab {
  lab: Lab;
  workspace: string;
  home: string;
  marker: string;
  /** Runs a line in bash with the learner's environment; never rejects. */
  shell(line: string, options?: { directory?: string; timeout?: number }): Promise<ShellResult>;
  /** What the lab said of its own end. */
  exits: string[];
  /** Ends the lab and starts it again in the same workspace, after so many milliseconds. */
  restart(absence?: number): Promise<void>;
}

export interface ShellResult {
  status: number;
  stdout: string;
  stderr: string;
}

export async function startTestLab(): Promise<TestLab> {
  const workspace = await mkdtemp(join(tmpdir(), 'lab-'));
  const run = join(workspace, 'r');
  const marker = randomBytes(8).toString('hex');
  await mkdir(run, { mode: 0o700 });
  await mkdir(join(workspace, 'home'), { mode: 0o700 });
  const exits: string[] = [];
  const start = () =>
    startLab({ workspace, run, marker, programs: inject('programs'), projectRoot, onExit: (reason) => exits.push(reason) });
  const testLab: TestLab = {
    lab: await start(),
    workspace,
    exits,
    home: join(workspace, 'home'),
    marker,
    shell: (line, { directory = join(workspace, 'home'), timeout = 30_000 } = {}) => {
      const learner = testLab.lab.learnerEnvironment();
      const env = { ...learner, PATH: `${learner.PATH}:${process.env.PATH}`, LANG: 'C.UTF-8', TERM: 'dumb', COREOS_REFLECTOR_MARK: marker };
      return new Promise((resolve) => {
        const child = execFile(
          'bash',
          ['-c', line],
          { cwd: directory, env: env as unknown as NodeJS.ProcessEnv, timeout, maxBuffer: 2 ** 24 },
          (error, stdout, stderr) => {
            resolve({ status: error ? (typeof error.code === 'number' ? error.code : 255) : 0, stdout, stderr });
          },
        );
        child.stdin!.end();
      });
    },
    async restart(absence = 0) {
      await testLab.lab.close();
      await setTimeout(absence);
      testLab.lab = await start();
    },
  };
  onTestFinished(async () => {
    await testLab.lab.close();
    await rm(workspace, { recursive: true, force: true });
  });
  return testLab;
}

/** Clones both repositories and lays out coreos-vagrant as the walkthrough does, with a fresh discovery URL. */
export async function prepareProject(testLab: TestLab, size = 1): Promise<string> {
  const { discovery } = await testLab.lab.status();
  const result = await testLab.shell(`set -e
    git clone -q https://github.com/coreos/coreos-vagrant.git
    git clone -q https://github.com/pandastrike/coreos-reflector.git
    cp coreos-reflector/coreos/{config.rb,user-data,vagrant-setup} coreos-vagrant/
    sed -i.bak "s|discovery: .*|discovery: $(curl -fsS '${discovery}/new?size=${size}')|" coreos-vagrant/user-data`);
  if (result.status !== 0) throw new Error(result.stderr);
  return join(testLab.home, 'coreos-vagrant');
}

/** An ssh-agent of the test's own; answers with its socket. */
export async function startAgent({ workspace }: TestLab): Promise<string> {
  const socket = `${workspace}/agent`;
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    agent.kill();
    await once(agent, 'exit');
  });
  await once(agent.stdout, 'data');
  return socket;
}

/** The processes of this computer that carry the marker, but for this one. */
export async function marked(marker: string): Promise<{ pid: number; command: string }[]> {
  const found: { pid: number; command: string }[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(join('/proc', pid, 'environ'), 'utf8').catch(() => '');
    if (!environment.includes(`=${marker}\0`)) continue;
    const command = await readFile(join('/proc', pid, 'cmdline'), 'utf8').catch(() => '');
    found.push({ pid: Number(pid), command: command.replaceAll('\0', ' ').trim() });
  }
  return found;
}
