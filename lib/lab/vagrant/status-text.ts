/** What `vagrant status` and `vagrant global-status` print. */
import type { MachineState, MachineStatus } from '../api.ts';

/** A machine that was never made, or was destroyed, has no entry in the lab. */
export type ShownState = MachineState | 'not_created';

/** As the status lists name them. */
export function shortState(state: ShownState): string {
  return state === 'not_created' ? 'not created' : state;
}

export function longState(state: ShownState): string {
  return descriptions[state];
}

export function statusText(machines: { name: string; state: ShownState }[]): string {
  const rows = machines.map(({ name, state }) => `${name.padEnd(25)} ${shortState(state)} (virtualbox)`);
  const explanation = machines.length === 1 ? longState(machines[0]!.state) : several;
  return `Current machine states:\n\n${rows.join('\n')}\n\n${explanation}`;
}

const descriptions: Record<ShownState, string> = {
  not_created: `The environment has not yet been created. Run \`vagrant up\` to
create the environment. If a machine is not created, only the
default provider will be shown. So if a provider is not listed,
then the machine is not created for that environment.`,
  running: `The VM is running. To stop this VM, you can run \`vagrant halt\` to
shut it down forcefully, or you can run \`vagrant suspend\` to simply
suspend the virtual machine. In either case, to restart it again,
simply run \`vagrant up\`.`,
  poweroff: 'The VM is powered off. To restart the VM, simply run `vagrant up`',
  saved: 'To resume this VM, simply run `vagrant up`.',
};

const several = `This environment represents multiple VMs. The VMs are all listed
above with their current state. For more information about a specific
VM, run \`vagrant status NAME\`.`;

/** Columns and the narrowest each one gets. */
const columns = [
  ['id', 8],
  ['name', 6],
  ['provider', 8],
  ['state', 6],
  ['directory', 35],
] as const;

export function globalStatusText(machines: MachineStatus[]): string {
  const rows = machines.map(({ id, name, state, directory }) => [id.slice(0, 7), name, 'virtualbox', state as string, directory]);
  const widths = columns.map(([, least], index) => Math.max(least, ...rows.map((row) => row[index]!.length)));
  const line = (cells: readonly string[]) => cells.map((cell, index) => `${cell.padEnd(widths[index]!)} `).join('');
  const dashes = '-'.repeat(widths.reduce((sum, width) => sum + width + 1, 0));
  const header = `${line(columns.map(([name]) => name))}\n${dashes}`;
  return machines.length === 0 ? `${header}\n${noneActive}` : `${header}\n${rows.map(line).join('\n')}\n \n${aboveShown}`;
}

const noneActive = `There are no active Vagrant environments on this computer! Or,
you haven't destroyed and recreated Vagrant environments that were
started with an older version of Vagrant.`;

const aboveShown = `The above shows information about all known Vagrant environments
on this machine. This data is cached and may not be completely
up-to-date (use "vagrant global-status --prune" to prune invalid
entries). To interact with any of the machines, you can go to that
directory and run Vagrant, or you can use the ID directly with
Vagrant commands from any directory. For example:
"vagrant destroy 1a2b3c4d"`;
