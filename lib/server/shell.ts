// `npm run shell`: the learner's shell in an ordinary terminal. `npm run lab -- ports`: where the lab can be reached.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findProgram } from '#lib/doctor/tools.ts';
import { labVariable, markVariable } from '#lib/lab/api.ts';
import { fetchLabStatus } from '#lib/lab/lab-process.ts';
import { startChildren } from './children.ts';
import { readSettings } from './settings.ts';
import { createClosers } from './shutdown.ts';
import { findRunning, openWorkspace } from './workspace.ts';

const root = process.cwd();
/** The bundles lie side by side, this one among them. */
const programs = fileURLToPath(new URL('.', import.meta.url));
const closers = createClosers((message) => console.error(message));

try {
  const settings = readSettings(root, programs, process.argv.slice(2), process.env);
  process.exitCode = settings.words[0] === 'lab' ? await describeLab(settings) : await openShell(settings);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await closers.close();
}
process.exit();

/** Shares the lab of a running app; without one, brings up a lab that lives as long as the shell. */
async function openShell(settings: ReturnType<typeof readSettings>): Promise<number> {
  const bash = findProgram('bash', settings.inherited.PATH ?? '');
  if (!bash) throw new Error('The shell is bash, and it is not installed.');
  const shared = (await findRunning(settings.workspace))?.environment;
  // What is typed in somebody's own terminal is theirs: the app must not take it for something it left behind.
  if (shared) delete shared[markVariable];
  const environment = shared ?? (await ownEnvironment(settings));
  console.log('This is the tutorial’s shell: vagrant, fleetctl and etcdctl are the lab’s, HOME is inside the workspace. `exit` leaves it.');
  const home = environment.HOME as string;
  const shell = spawn(bash, ['--norc', '-i'], {
    cwd: existsSync(home) ? home : root,
    env: { ...environment, PS1: '\\[\\e[36m\\]\\w\\[\\e[0m\\] $ ' } as unknown as NodeJS.ProcessEnv,
    stdio: 'inherit',
  });
  process.on('SIGINT', () => {}); // Ctrl-C belongs to the shell
  return new Promise((resolve) => shell.on('exit', (status) => resolve(status ?? 1)));
}

async function ownEnvironment(settings: ReturnType<typeof readSettings>) {
  const workspace = await openWorkspace(settings.workspace);
  closers.add('the workspace', () => workspace.close());
  return (await startChildren(settings, workspace, closers, console.error)).environment;
}

async function describeLab(settings: ReturnType<typeof readSettings>): Promise<number> {
  const running = await findRunning(settings.workspace);
  if (!running) throw new Error('The lab is not running: start it with `npm start`.');
  if (settings.words[1] !== 'ports') throw new Error('Say what you want to know: `npm run lab -- ports`.');
  const { discovery, machines, unsandboxed } = await fetchLabStatus(running.environment[labVariable] as string);
  console.log(`discovery\t${discovery}`);
  for (const { name, state, sshPort, etcdPort } of machines) {
    console.log(`${name}\t${state}${state === 'running' ? `\tssh 127.0.0.1:${sshPort}\tetcd http://127.0.0.1:${etcdPort}` : ''}`);
  }
  if (unsandboxed !== null) console.log(`machines share this computer's files and network: ${unsandboxed}`);
  return 0;
}
