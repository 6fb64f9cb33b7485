// A lab of the bench's own in a folder that is thrown away, and a learner in front of it.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Lab, startLab } from '#lib/lab/lab-process.ts';
import { markedProcesses } from '#lib/server/survivors.ts';

export interface LabWorkspace {
  lab: Lab;
  /** Milliseconds until the lab was there, in an empty workspace. */
  startTook: number;
  /** Where `vagrant` is at home. */
  project: string;
  /** The folders of the learner's tools and of the machines'. */
  tools: { learner: string; machine: string };
  /** Runs a line in bash as a learner does. Rejects with what it printed when it fails. */
  shell(line: string): Promise<string>;
  environment: NodeJS.ProcessEnv;
  /** Every process that belongs to the lab, the lab itself among them. */
  processes(): number[];
  close(): Promise<void>;
}

const run = promisify(execFile);

/** @param programs where the bundled programs lie */
export async function openLabWorkspace(programs: string, machines: number): Promise<LabWorkspace> {
  const workspace = mkdtempSync(join(tmpdir(), 'lab-bench-'));
  const marker = randomBytes(8).toString('hex');
  const [home, runs] = [join(workspace, 'home'), join(workspace, 'r')];
  for (const directory of [home, runs]) mkdirSync(directory, { mode: 0o700 });
  const began = performance.now();
  const lab = await startLab({
    workspace,
    run: runs,
    marker,
    programs,
    projectRoot: resolve('.'),
    onExit: (reason) => console.error(reason),
  });
  const startTook = performance.now() - began;
  const agent = await startAgent(join(workspace, 'agent'));
  const learner = lab.learnerEnvironment();
  const environment = {
    ...{ ...learner, PATH: `${learner.PATH}:${process.env.PATH}`, LANG: 'C.UTF-8', TERM: 'dumb' },
    SSH_AUTH_SOCK: join(workspace, 'agent'),
  } as unknown as NodeJS.ProcessEnv;
  const project = join(home, 'coreos-vagrant');
  const shell = async (line: string, directory = project) =>
    (await run('bash', ['-c', line], { cwd: directory, env: environment, timeout: 60_000 })).stdout;
  const { discovery } = await lab.status();
  await shell(
    `set -e
    git clone -q https://github.com/coreos/coreos-vagrant.git
    git clone -q https://github.com/pandastrike/coreos-reflector.git
    cp coreos-reflector/coreos/{config.rb,user-data,vagrant-setup} coreos-vagrant/
    cd coreos-vagrant
    sed -i.bak "s|discovery: .*|discovery: $(curl -fsS '${discovery}/new?size=${machines}')|" user-data
    sed -i.bak 's/num_instances=1/num_instances=${machines}/' config.rb`,
    home,
  );
  return {
    ...{ lab, startTook, project, shell, environment },
    tools: { learner: join(workspace, 'lab', 'bin'), machine: join(workspace, 'lab', 'machine-bin') },
    processes: () => markedProcesses(marker),
    async close() {
      await lab.close();
      agent.kill();
      rmSync(workspace, { recursive: true, force: true });
    },
  };
}

async function startAgent(socket: string): Promise<ChildProcess> {
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(agent.stdout, 'data');
  return agent;
}
