/** Which machines a command is about. */
import type { MachineStatus } from '../api.ts';
import { type Project, VagrantError } from './project.ts';
import type { Shell } from './shell.ts';
import type { ShownState } from './status-text.ts';
import { unknownMachine } from './texts.ts';

/** A machine of the project, whether it was made or not. */
export interface Target {
  name: string;
  project: Pick<Project, 'directory' | 'config'>;
  /** From 1. */
  number: number;
  machine: MachineStatus | null;
}

/** The machines that the names mean: all of the project's without a name, and by id from anywhere. `orphans` adds those that config.rb no longer asks for. */
export async function findTargets(shell: Shell, names: string[], orphans = false): Promise<Target[]> {
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
  const config = { instances: 1, channel: 'stable', namePrefix: 'core', exposeDockerTcp: null, notices: [] };
  return {
    name: machine.name,
    project: { directory: machine.directory, config },
    number: Number(/\d+$/.exec(machine.address)![0]) - 100,
    machine,
  };
}

export function stateOf({ machine }: Target): ShownState {
  return machine?.state ?? 'not_created';
}
