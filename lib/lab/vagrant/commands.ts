/** vagrant's commands; each answers with the exit status. */
import type { Action, MachineStatus } from '../api.ts';
import { type OptionSpec, type ParsedArguments, parseArguments } from './arguments.ts';
import type { LabClient } from './lab-client.ts';
import { type Project, VagrantError } from './project.ts';
import { sshArguments, sshConfigText } from './ssh-config-text.ts';
import { globalStatusText, longState, type ShownState, shortState, statusText } from './status-text.ts';
import { declined, needsName, needsTerminal, noBoxes, notCreated, notReadyForSsh, notRunning, unknownMachine } from './texts.ts';
import type { Ui } from './ui.ts';

/** Everything a command may touch of the world outside. */
export interface Shell {
  ui: Ui;
  out(text: string): void;
  lab(): LabClient;
  project(): Project;
  /** Asks on the terminal; null when there is none. */
  ask(question: string): Promise<string | null>;
  /** Runs a program in this one's place; answers with its exit status. */
  run(file: string, args: string[]): Promise<number>;
  hasTerminal: boolean;
  machineReadable: boolean;
}

export interface Command {
  usage: string;
  summary: string;
  options?: OptionSpec[];
  run(shell: Shell, args: ParsedArguments): Promise<number>;
}

export const version = '2.3.4';

const provisionOption: OptionSpec = { spellings: ['provision'] };
const force: OptionSpec = { spellings: ['force', 'f'] };

export const commands: Record<string, Command> = {
  box: { usage: 'vagrant box list', summary: 'lists the boxes that machines are made of', run: box },
  destroy: {
    usage: 'vagrant destroy [options] [name|id]',
    summary: 'stops and deletes all traces of the machines',
    options: [force, { spellings: ['graceful', 'g'] }, { spellings: ['parallel'] }],
    run: destroy,
  },
  'global-status': {
    usage: 'vagrant global-status [--prune]',
    summary: 'shows the machines of every project',
    options: [{ spellings: ['prune'] }],
    run: globalStatus,
  },
  halt: {
    usage: 'vagrant halt [options] [name|id]',
    summary: 'stops the machines',
    options: [force],
    run: (shell, args) => onEach(shell, args, 'halt', { reverse: true, orphans: true }),
  },
  port: {
    usage: 'vagrant port [name|id]',
    summary: 'shows which ports lead into a machine',
    options: [{ spellings: ['guest'], value: true }],
    run: port,
  },
  provision: {
    usage: 'vagrant provision [name|id]',
    summary: 'hands user-data to the machines again',
    run: (shell, args) => onEach(shell, args, 'provision'),
  },
  reload: {
    usage: 'vagrant reload [options] [name|id]',
    summary: 'restarts the machines, with config.rb read again',
    options: [provisionOption, force],
    run: (shell, args) => onEach(shell, args, 'reload'),
  },
  resume: {
    usage: 'vagrant resume [options] [name|id]',
    summary: 'resumes suspended machines',
    options: [provisionOption],
    run: (shell, args) => onEach(shell, args, 'resume'),
  },
  ssh: {
    usage: 'vagrant ssh [options] [name|id] [-- extra ssh args]',
    summary: 'opens a shell in a machine',
    options: [{ spellings: ['command', 'c'], value: true }, { spellings: ['plain', 'p'] }, { spellings: ['tty', 't'] }],
    run: ssh,
  },
  'ssh-config': {
    usage: 'vagrant ssh-config [options] [name|id]',
    summary: 'prints what ssh needs to reach the machines',
    options: [{ spellings: ['host'], value: true }],
    run: sshConfig,
  },
  status: { usage: 'vagrant status [name|id]', summary: 'shows the state of the machines', run: status },
  suspend: { usage: 'vagrant suspend [name|id]', summary: 'suspends the machines', run: (shell, args) => onEach(shell, args, 'suspend') },
  up: {
    usage: 'vagrant up [options] [name|id]',
    summary: 'starts the machines, and makes them first where that is needed',
    options: [
      provisionOption,
      { spellings: ['provider'], value: true },
      { spellings: ['parallel'] },
      { spellings: ['destroy-on-error'] },
      { spellings: ['install-provider'] },
    ],
    run: up,
  },
  validate: { usage: 'vagrant validate', summary: 'checks config.rb', options: [{ spellings: ['ignore-provider', 'p'] }], run: validate },
  version: { usage: 'vagrant version', summary: 'prints the version', run: printVersion },
};

export async function runCommand(shell: Shell, name: string, args: string[]): Promise<number> {
  const command = commands[name]!;
  const help: OptionSpec = { spellings: ['help', 'h'] };
  const parsed = parseArguments(args, [...(command.options ?? []), help], `Usage: ${command.usage}`);
  if (parsed.options.has('help')) {
    shell.out(`Usage: ${command.usage}\n\n${command.summary[0]!.toUpperCase()}${command.summary.slice(1)}.\n`);
    return 0;
  }
  return command.run(shell, parsed);
}

/** A machine of the project, whether it was made or not. */
interface Target {
  name: string;
  project: Pick<Project, 'directory' | 'config'>;
  /** From 1. */
  number: number;
  machine: MachineStatus | null;
}

/** The machines that the names mean: all of the project's without a name, and by id from anywhere. `orphans` adds those that config.rb no longer asks for. */
async function findTargets(shell: Shell, names: string[], orphans = false): Promise<Target[]> {
  const byId = names.length > 0 && names.every((name) => /^[0-9a-f]{7,32}$/.test(name));
  if (byId) {
    const { machines } = await shell.lab().status();
    const found = names.map((name) => machines.find(({ id }) => id.startsWith(name)));
    if (found.every((machine) => machine !== undefined)) return found.map(targetOfMachine);
  }
  const project = shell.project();
  const { machines } = await shell.lab().status();
  const own = machines.filter(({ directory }) => directory === project.directory);
  const all = project.machines.map(
    (name, index): Target => ({ name, project, number: index + 1, machine: own.find((machine) => machine.name === name) ?? null }),
  );
  if (orphans) all.push(...own.filter(({ name }) => !project.machines.includes(name)).map(targetOfMachine));
  if (names.length === 0) return all;
  return names.map((name) => {
    const target = all.find((candidate) => candidate.name === name);
    if (!target) throw new VagrantError(unknownMachine(name));
    return target;
  });
}

function targetOfMachine(machine: MachineStatus): Target {
  const config = { instances: 1, channel: 'stable', namePrefix: 'core', exposeDockerTcp: null };
  return {
    name: machine.name,
    project: { directory: machine.directory, config },
    number: Number(/\d+$/.exec(machine.address)![0]) - 100,
    machine,
  };
}

function stateOf({ machine }: Target): ShownState {
  return machine?.state ?? 'not_created';
}

async function act(shell: Shell, { name, project, number }: Target, action: Action, { options }: ParsedArguments): Promise<void> {
  const provision = options.get('provision');
  const body = {
    directory: project.directory,
    number,
    channel: project.config.channel,
    exposeDockerTcp: project.config.exposeDockerTcp === null ? null : project.config.exposeDockerTcp + number - 1,
    provision: typeof provision === 'boolean' ? provision : null,
  };
  shell.ui.record(name, 'action', action, 'start');
  await shell.lab().act(name, action, body, (message) => {
    if (message.say === 'output') shell.ui.output(name, message.text);
    if (message.say === 'detail') shell.ui.detail(name, message.text);
  });
  shell.ui.record(name, 'action', action, 'end');
}

async function up(shell: Shell, args: ParsedArguments): Promise<number> {
  const targets = await findTargets(shell, args.names);
  for (const { name } of targets) shell.ui.record(name, 'metadata', 'provider', 'virtualbox');
  for (const { name } of targets) shell.ui.info(`Bringing machine '${name}' up with 'virtualbox' provider...`);
  for (const target of targets) await act(shell, target, 'up', args);
  return 0;
}

async function onEach(
  shell: Shell,
  args: ParsedArguments,
  action: Action,
  order: { reverse?: boolean; orphans?: boolean } = {},
): Promise<number> {
  const targets = await findTargets(shell, args.names, order.orphans);
  if (order.reverse) targets.reverse();
  for (const target of targets) {
    shell.ui.record(target.name, 'metadata', 'provider', 'virtualbox');
    if (target.machine === null) shell.ui.output(target.name, 'VM not created. Moving on...');
    else await act(shell, target, action, args);
  }
  return 0;
}

async function destroy(shell: Shell, args: ParsedArguments): Promise<number> {
  const targets = (await findTargets(shell, args.names, true)).reverse();
  let refused = 0;
  for (const target of targets) {
    shell.ui.record(target.name, 'metadata', 'provider', 'virtualbox');
    if (target.machine === null) {
      shell.ui.output(target.name, 'VM not created. Moving on...');
    } else if (await confirmed(shell, target.name, args)) {
      await act(shell, target, 'destroy', args);
    } else {
      shell.ui.output(target.name, declined(target.name));
      refused += 1;
    }
  }
  if (refused === 0) return 0;
  return refused === targets.length ? 1 : 2;
}

async function confirmed(shell: Shell, name: string, { options }: ParsedArguments): Promise<boolean> {
  if (options.get('force')) return true;
  const answer = await shell.ask(`    ${name}: Are you sure you want to destroy the '${name}' VM? [y/N] `);
  if (answer === null) throw new VagrantError(needsTerminal);
  return /^y(es)?$/i.test(answer.trim());
}

async function status(shell: Shell, args: ParsedArguments): Promise<number> {
  const targets = await findTargets(shell, args.names);
  for (const target of targets) {
    const state = stateOf(target);
    shell.ui.record(target.name, 'metadata', 'provider', 'virtualbox');
    shell.ui.record(target.name, 'provider-name', 'virtualbox');
    shell.ui.record(target.name, 'state', state);
    shell.ui.record(target.name, 'state-human-short', shortState(state));
    shell.ui.record(target.name, 'state-human-long', longState(state));
  }
  shell.ui.info(statusText(targets.map((target) => ({ name: target.name, state: stateOf(target) }))));
  return 0;
}

async function globalStatus(shell: Shell): Promise<number> {
  const { machines } = await shell.lab().status();
  shell.ui.record('', 'metadata', 'machine-count', String(machines.length));
  for (const { id, directory, state } of machines) {
    shell.ui.record('', 'machine-id', id.slice(0, 7));
    shell.ui.record('', 'provider-name', 'virtualbox');
    shell.ui.record('', 'machine-home', directory);
    shell.ui.record('', 'state', state);
  }
  shell.ui.info(globalStatusText(machines));
  return 0;
}

async function sshConfig(shell: Shell, args: ParsedArguments): Promise<number> {
  for (const target of await findTargets(shell, args.names)) {
    if (target.machine?.state !== 'running') throw new VagrantError(notReadyForSsh);
    const host = args.options.get('host');
    const block = sshConfigText({ ...target.machine, name: typeof host === 'string' ? host : target.name });
    shell.ui.record(target.name, 'metadata', 'provider', 'virtualbox');
    shell.ui.record(target.name, 'ssh-config', block);
    shell.out(`${block}\n`);
  }
  return 0;
}

async function ssh(shell: Shell, args: ParsedArguments): Promise<number> {
  const targets = await findTargets(shell, args.names);
  if (targets.length > 1) throw new VagrantError(needsName);
  const { machine } = targets[0]!;
  if (machine === null) throw new VagrantError(notCreated);
  if (machine.state !== 'running') throw new VagrantError(notRunning);
  const command = args.options.get('command');
  const wantsTerminal = typeof command === 'string' && args.options.get('tty') !== false && shell.hasTerminal;
  return shell.run('ssh', [
    ...(wantsTerminal ? ['-t'] : []),
    ...args.rest.filter((arg) => arg.startsWith('-')),
    ...sshArguments(machine),
    ...args.rest.filter((arg) => !arg.startsWith('-')),
    ...(typeof command === 'string' ? ['--', command] : []),
  ]);
}

async function port(shell: Shell, args: ParsedArguments): Promise<number> {
  const targets = await findTargets(shell, args.names);
  if (targets.length > 1) throw new VagrantError(needsName);
  const { name, machine } = targets[0]!;
  if (machine === null) throw new VagrantError(notCreated);
  if (machine.state !== 'running') throw new VagrantError(notRunning);
  const guest = args.options.get('guest');
  const ports = machine.forwardedPorts.filter((forwarded) => guest === undefined || String(forwarded.guest) === guest);
  if (typeof guest === 'string') {
    if (ports.length === 0)
      throw new VagrantError(
        `The guest is not currently mapping port ${guest} to the host machine. Is\nthe port configured in the Vagrantfile? You may need to run \`vagrant reload\`\nif changes were made to the port configuration in the Vagrantfile.`,
      );
    shell.out(`${ports[0]!.host}\n`);
    return 0;
  }
  for (const { guest: inside, host } of ports) shell.ui.record(name, 'forwarded_port', String(inside), String(host));
  const rows = ports.map(({ guest: inside, host }) => `    ${inside} (guest) => ${host} (host)`);
  shell.ui.info(
    `The forwarded ports for the machine are listed below. Please note that\nthese values may differ from values configured in the Vagrantfile if the\nprovider supports automatic port collision detection and resolution.\n\n${rows.join('\n')}`,
  );
  return 0;
}

async function box(shell: Shell, args: ParsedArguments): Promise<number> {
  if (args.names[0] !== 'list')
    throw new VagrantError('Usage: vagrant box list\n\nThe lab brings its own box, so there is nothing to add, update or remove.');
  const boxes = await shell.lab().boxes();
  for (const { name, version: boxVersion } of boxes) {
    shell.ui.record('', 'box-name', name);
    shell.ui.record('', 'box-provider', 'virtualbox');
    shell.ui.record('', 'box-version', boxVersion);
  }
  if (boxes.length === 0) shell.ui.info(noBoxes);
  for (const { name, version: boxVersion } of boxes) shell.ui.info(`${name} (virtualbox, ${boxVersion})`);
  return 0;
}

async function validate(shell: Shell): Promise<number> {
  shell.project();
  shell.ui.info('Vagrantfile validated successfully.');
  return 0;
}

async function printVersion(shell: Shell): Promise<number> {
  shell.ui.record('', 'version-installed', version);
  shell.ui.info(`Installed Version: ${version}`);
  return 0;
}
