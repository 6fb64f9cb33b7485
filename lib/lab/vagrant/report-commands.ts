/** The commands that tell about machines, or lead into one; each answers with the exit status. */
import type { ParsedArguments } from './arguments.ts';
import { tellNotices } from './machine-commands.ts';
import { VagrantError } from './project.ts';
import type { Shell } from './shell.ts';
import { sshArguments, sshConfigText } from './ssh-config-text.ts';
import { globalStatusText, longState, shortState, statusText } from './status-text.ts';
import { findTargets, stateOf } from './targets.ts';
import { needsName, noBoxes, notCreated, notReadyForSsh, notRunning } from './texts.ts';

/** Of the Vagrant whose output this is. */
export const version = '2.3.4';

export async function status(shell: Shell, args: ParsedArguments): Promise<number> {
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

export async function globalStatus(shell: Shell): Promise<number> {
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

export async function sshConfig(shell: Shell, args: ParsedArguments): Promise<number> {
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

export async function ssh(shell: Shell, args: ParsedArguments): Promise<number> {
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

export async function port(shell: Shell, args: ParsedArguments): Promise<number> {
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

export async function box(shell: Shell, args: ParsedArguments): Promise<number> {
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

export async function validate(shell: Shell): Promise<number> {
  tellNotices(shell, [{ project: shell.project() }]);
  shell.ui.info('Vagrantfile validated successfully.');
  return 0;
}

export async function printVersion(shell: Shell): Promise<number> {
  shell.ui.record('', 'version-installed', version);
  shell.ui.info(`Installed Version: ${version}`);
  return 0;
}
