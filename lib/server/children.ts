// The child processes that every way in needs: the lab and the ssh-agent; and the environment that a learner's shell gets.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VariableValues } from '#lib/content/fill-variables.ts';
import { findProgram } from '#lib/doctor/tools.ts';
import { markVariable } from '#lib/lab/api.ts';
import { type Lab, startLab } from '#lib/lab/lab-process.ts';
import { type AgentKeys, createAgentKeys } from './agent-keys.ts';
import type { Settings } from './settings.ts';
import type { Closers } from './shutdown.ts';
import { startSshAgent } from './ssh-agent.ts';
import { endSurvivors } from './survivors.ts';
import type { Workspace } from './workspace.ts';

export interface Children {
  lab: Lab;
  /** All of a learner's shell's environment. */
  environment: Record<string, string>;
  /** The keys in the ssh-agent; undefined where OpenSSH is missing. */
  keys: AgentKeys | undefined;
  /** What `{{name}}` means in the content now. */
  variables(): Promise<VariableValues>;
  /** The SSH port of the first machine that runs, and the key that `vagrant ssh-config` names for it. */
  locate(): Promise<{ port: number; privateKey: string } | null>;
}

export async function startChildren(
  settings: Settings,
  workspace: Workspace,
  closers: Closers,
  report: (text: string) => void,
): Promise<Children> {
  const ended = endSurvivors(workspace.mark);
  if (ended > 0) report(`Ended ${ended} process${ended === 1 ? '' : 'es'} that an earlier session had left behind.`);
  const marker = { [markVariable]: workspace.mark };
  const inherited = { ...settings.inherited, ...marker };

  const agentProgram = findProgram('ssh-agent', settings.inherited.PATH ?? '');
  const [lab, agent] = await Promise.all([
    startLab({
      programs: settings.programs,
      projectRoot: settings.root,
      workspace: workspace.directory,
      run: workspace.run,
      marker: workspace.mark,
      onExit: (reason) => report(reason),
    }),
    agentProgram ? startSshAgent(agentProgram, join(workspace.run, 'agent.sock'), inherited) : undefined,
  ]);
  closers.add('the lab', () => lab.close());
  if (agent) closers.add('ssh-agent', () => agent.close());
  const sshAdd = findProgram('ssh-add', settings.inherited.PATH ?? '');
  const home = join(workspace.directory, 'home');
  const file = join(workspace.state, 'agent-keys.json');
  const keys = agent && sshAdd ? createAgentKeys({ socket: agent.socket, file, home, sshAdd, environment: inherited, report }) : undefined;
  if (keys) {
    await keys.reload();
    closers.add('the keys of the ssh-agent', () => keys.remember());
  }

  const learner = lab.learnerEnvironment();
  const environment = {
    ...inherited,
    ...learner,
    PATH: [learner.PATH, settings.inherited.PATH].filter(Boolean).join(':'),
    HOME: home,
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    LANG: settings.inherited.LANG ?? 'C.UTF-8',
    /** For typing: `curl "$DISCOVERY/new?size=1"`. */
    DISCOVERY: (await lab.status()).discovery,
    ...(agent ? { SSH_AUTH_SOCK: agent.socket } : {}),
  };
  return { lab, environment, keys, variables, locate };

  async function variables() {
    const { discovery, machines } = await lab.status();
    const [first] = machines;
    return { ssh_port: String(first?.sshPort ?? 2222), address: first?.address ?? '172.17.8.101', discovery };
  }

  async function locate() {
    const running = (await lab.status()).machines.find(({ state }) => state === 'running');
    return running?.sshPort ? { port: running.sshPort, privateKey: await readFile(running.identityFile, 'utf8') } : null;
  }
}
