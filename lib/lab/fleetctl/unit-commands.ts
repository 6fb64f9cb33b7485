// The commands that change units: submit, load, start, stop, unload, restart, destroy, and cat that prints one.
import type { FleetUnit, TargetState } from '#lib/cluster/fleet-client.ts';
import { isGlobal, unitNameOf, unitText } from '#lib/cluster/unit-file.ts';
import { createUnits } from './create-units.ts';
import { CommandFailure, orFail, type Run } from './run.ts';
import { waitForUnits } from './wait-for-units.ts';
import { fleetError } from './wording.ts';

export async function submitUnits(run: Run): Promise<number> {
  if (nothingGiven(run)) return 0;
  await createUnits(run);
  return 0;
}

export const loadUnits = (run: Run): Promise<number> => bringUp(run, 'load', 'loaded', 'Error loading units');

/**
 * Done when fleet has asked systemd to start the unit. fleetctl 1.0 goes on to demand an active unit within two seconds, which a
 * unit that pulls an image first can never give; 0.11 does not, and neither do we.
 */
export const startUnits = (run: Run): Promise<number> => bringUp(run, 'start', 'launched', 'Error starting units');

async function bringUp(run: Run, verb: string, state: TargetState, failure: string): Promise<number> {
  if (nothingGiven(run)) return 0;
  await createUnits(run);
  const changed: string[] = [];
  for (const name of run.words.map(unitNameOf)) {
    try {
      const unit = await run.connection.fleet.unit(name);
      if (unit === null) throw new Error(`unable to find unit ${name}`);
      if (unit.desiredState === state) continue;
      await run.connection.fleet.setTarget(name, state);
      if (isGlobal(unit.options)) run.console.out(`Triggered global unit ${name} ${verb}\n`);
      else changed.push(name);
    } catch (error) {
      throw new CommandFailure(`${failure}: ${fleetError(error)}`);
    }
  }
  const status = await settle(run, changed, verb, state);
  if (status !== 0) run.console.error(`Error waiting for unit states, exit status: ${status}\n`);
  return status;
}

export async function stopUnits(run: Run): Promise<number> {
  return takeDown(run, 'stop', 'loaded', (unit) => {
    if (unit.currentState === 'inactive') throw new CommandFailure(`Unable to stop unit ${unit.name} in state inactive`);
    return unit.currentState === 'loaded';
  });
}

export async function unloadUnits(run: Run): Promise<number> {
  return takeDown(run, 'unload', 'inactive', (unit) => unit.currentState === 'inactive');
}

async function takeDown(run: Run, verb: 'stop' | 'unload', state: TargetState, isDown: (unit: FleetUnit) => boolean): Promise<number> {
  if (nothingGiven(run)) return 0;
  const units = await findUnits(run);
  if (units.length === 0) return 0;
  const changed: string[] = [];
  for (const unit of units) {
    const global = isGlobal(unit.options);
    if (!global && isDown(unit)) continue;
    await setTarget(run, unit.name, state);
    if (global) run.console.out(`Triggered global unit ${unit.name} ${verb}\n`);
    else changed.push(unit.name);
  }
  const status = await settle(run, changed, verb, state);
  const list = `[${changed.join(' ')}]`;
  const done = verb === 'stop' ? 'stopped' : 'unloaded';
  run.console.error(status === 0 ? `Successfully ${done} units ${list}.\n` : `Failed to ${verb} units ${list}. exit == ${status}.\n`);
  return status;
}

export async function restartUnits(run: Run): Promise<number> {
  if (nothingGiven(run)) return 0;
  for (const { name, options, currentState } of await findUnits(run)) {
    const global = isGlobal(options);
    if (!global && currentState === 'inactive') throw new CommandFailure(`Unable to restart unit ${name} in state inactive`);
    for (const [verb, state] of [['stop', 'loaded'] as const, ['start', 'launched'] as const]) {
      await setTarget(run, name, state);
      if (global) run.console.out(`Triggered global unit ${name} ${verb}\n`);
      const status = global ? 0 : await settle(run, [name], verb, state);
      if (status !== 0) return status;
    }
  }
  return 0;
}

export async function destroyUnits(run: Run): Promise<number> {
  if (nothingGiven(run)) return 0;
  let status = 0;
  for (const { name } of await findUnits(run)) {
    try {
      await run.connection.fleet.destroy(name);
      run.console.out(`Destroyed ${name}\n`);
    } catch (error) {
      run.console.error(`Error destroying units: ${fleetError(error)}\n`);
      status = 1;
    }
  }
  return status;
}

export async function catUnit(run: Run): Promise<number> {
  const [word, ...more] = run.words;
  if (word === undefined || more.length > 0) throw new CommandFailure('One unit file must be provided');
  const name = unitNameOf(word);
  const unit = await orFail(run.connection.fleet.unit(name), `Error retrieving Unit ${name}`);
  if (unit === null) throw new CommandFailure(`Unit ${name} not found`);
  run.console.out(unitText(unit.options));
  return 0;
}

function nothingGiven({ words, console }: Run): boolean {
  if (words.length === 0) console.error('No units given\n');
  return words.length === 0;
}

/** The units of the cluster that the arguments name; says so when there is none. */
async function findUnits({ words, connection, console }: Run): Promise<FleetUnit[]> {
  const names = words.map(unitNameOf);
  const units = await orFail(connection.fleet.units(), 'Error retrieving list of units from repository');
  const found = names.flatMap((name) => units.find((unit) => unit.name === name) ?? []);
  if (found.length === 0) console.error('Units not found in registry\n');
  return found;
}

async function setTarget({ connection }: Run, name: string, state: TargetState): Promise<void> {
  await orFail(connection.fleet.setTarget(name, state), `Error setting the target state of Unit ${name}`);
}

async function settle(run: Run, names: string[], verb: string, state: TargetState): Promise<number> {
  if (!run.flags.has('no-block')) return waitForUnits(run, names, state);
  for (const name of names) run.console.out(`Triggered unit ${name} ${verb}\n`);
  return 0;
}
