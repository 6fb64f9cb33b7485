/** vagrant's commands by name. */
import { type OptionSpec, type ParsedArguments, parseArguments } from './arguments.ts';
import { destroy, onEach, up } from './machine-commands.ts';
import { box, globalStatus, port, printVersion, ssh, sshConfig, status, validate } from './report-commands.ts';
import type { Shell } from './shell.ts';

export interface Command {
  usage: string;
  summary: string;
  options?: OptionSpec[];
  run(shell: Shell, args: ParsedArguments): Promise<number>;
}

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
