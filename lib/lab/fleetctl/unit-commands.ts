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
  await settle(run, changed, verb, state, (failure) => `Error waiting for unit states, exit status: ${failure}`);
  return 0;
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
  if (noneFound(run, units)) return 0;
  const changed: string[] = [];
  for (const unit of units) {
    const global = isGlobal(unit.options);
    if (!global && isDown(unit)) continue;
    await setTarget(run, unit.name, state);
    if (global) run.console.out(`Triggered global unit ${unit.name} ${verb}\n`);
    else changed.push(unit.name);
  }
  const list = `[${changed.join(' ')}]`;
  await settle(run, changed, verb, state, (failure) => `Failed to ${verb} units ${list}. err: ${failure}`);
  run.console.error(`Successfully ${verb === 'stop' ? 'stopped' : 'unloaded'} units ${list}.\n`);
  return 0;
}

export async function restartUnits(run: Run): Promise<number> {
  if (nothingGiven(run)) return 0;
  const units = await findUnits(run);
  await createUnits(run);
  for (const { name, options, currentState } of units) {
    const global = isGlobal(options);
    if (!global && currentState === 'inactive') {
      run.console.error(`Unable to restart unit ${name} in state inactive\n`);
      continue;
    }
    for (const [verb, state] of [['stop', 'loaded'] as const, ['start', 'launched'] as const]) {
      await setTarget(run, name, state);
      if (global) run.console.out(`Triggered global unit ${name} ${verb}\n`);
      else await settle(run, [name], verb, state, (failure) => `Error waiting for unit states, exit status: ${failure}`);
    }
  }
  return 0;
}

export async function destroyUnits(run: Run): Promise<number> {
  if (nothingGiven(run)) return 0;
  let status = 0;
  const units = await findUnits(run);
  if (noneFound(run, units)) return 0;
  for (const { name } of units) {
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

/** The units of the cluster that the arguments name. */
async function findUnits({ words, connection }: Run): Promise<FleetUnit[]> {
  const names = words.map(unitNameOf);
  const units = await orFail(connection.fleet.units(), 'Error retrieving list of units from repository');
  return names.flatMap((name) => units.find((unit) => unit.name === name) ?? []);
}

function noneFound({ console }: Run, units: FleetUnit[]): boolean {
  if (units.length === 0) console.error('Units not found in registry\n');
  return units.length === 0;
}

async function setTarget({ connection }: Run, name: string, state: TargetState): Promise<void> {
  await orFail(connection.fleet.setTarget(name, state), `Error setting the target state of Unit ${name}`);
}

/** Waits, unless told not to. Throws a {@link CommandFailure} when `--block-attempts` ran out. */
async function settle(run: Run, names: string[], verb: string, state: TargetState, describe: (failure: string) => string): Promise<void> {
  if (run.flags.has('no-block')) {
    for (const name of names) run.console.out(`Triggered unit ${name} ${verb}\n`);
    return;
  }
  const failure = await waitForUnits(run, names, state);
  if (failure !== null) throw new CommandFailure(`Error waiting for units: ${failure}\n${describe(failure)}`);
}
