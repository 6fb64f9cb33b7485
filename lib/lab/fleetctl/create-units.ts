// Puts units into the cluster that are not there yet: from a local file, or from a template in the cluster or beside it.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FleetUnit, UnitOption } from '#lib/cluster/fleet-client.ts';
import { contradiction, parseUnitFile, templateOf, unitHash, unitNameOf, unknownRequirements } from '#lib/cluster/unit-file.ts';
import { CommandFailure, type Run } from './run.ts';
import { waitForUnits } from './wait-for-units.ts';
import { fleetError, logLine } from './wording.ts';

export async function createUnits(run: Run): Promise<void> {
  const created: string[] = [];
  try {
    for (const word of run.words) if (await createUnit(run, word)) created.push(unitNameOf(word));
  } catch (error) {
    throw new CommandFailure(`Error creating units: ${fleetError(error)}`);
  }
  const failure = await waitForUnits(run, created, 'inactive');
  if (failure === null) return;
  throw new CommandFailure(`Error waiting on unit creation: ${failure}\nError creating units: One or more errors creating units`);
}

/** Resolves with whether the unit was sent to the cluster. */
async function createUnit(run: Run, word: string): Promise<boolean> {
  const name = unitNameOf(word);
  // `reflector` stands for `reflector.service` in the same directory.
  const file = word.endsWith(name) ? word : `${word}.service`;
  const registered = await find(run, name, 'Unit');
  const local = readLocal(file, name, 'Unit');
  if (registered !== null && !mayReplace(run, registered, local, file)) return false;

  const options = local ?? (await findTemplate(run, file, name));
  const clash = contradiction(options);
  if (clash !== null) throw new Error(clash);
  for (const key of unknownRequirements(options)) {
    run.console.error(logLine('WARN', `Unit ${name}: unrecognized requirement in [X-Fleet] section: ${JSON.stringify(key)}`));
  }
  try {
    await run.connection.fleet.create(name, options);
  } catch (error) {
    throw new Error(`failed creating unit ${name}: ${fleetError(error)}`, { cause: error });
  }
  return true;
}

/** The desired states out of which each command may take a unit to replace it; the command's own is the furthest. */
const replaceable: Record<string, string[]> = {
  submit: ['inactive'],
  load: ['inactive', 'loaded'],
  start: ['inactive', 'loaded', 'launched'],
};

/** Whether a unit that the cluster has is to be sent again. */
function mayReplace({ flags, console }: Run, registered: FleetUnit, local: UnitOption[] | null, file: string): boolean {
  const differs = local !== null && unitHash(local) !== unitHash(registered.options);
  if (flags.has('replace')) {
    if (differs && !replaceable[flags.command ?? '']?.includes(registered.desiredState)) {
      const unit = `Unit(${registered.name}) in state '${registered.desiredState}'`;
      console.error(`Warning: can not replace ${unit}, use the appropriate command\n`);
      return false;
    }
    if (local !== null && !differs) console.out(`Found same Unit(${registered.name}) in Registry, nothing to do\n`);
    return differs;
  }
  if (differs) {
    console.error(`WARNING: Unit ${registered.name} in registry differs from local unit file ${file}. Add --replace to override.\n`);
    return false;
  }
  const template = templateOf(registered.name);
  const localTemplate = local === null && template !== null ? readLocal(join(dirname(file), template), template, 'template Unit') : null;
  if (localTemplate !== null && unitHash(localTemplate) !== unitHash(registered.options)) {
    const names = `Unit ${registered.name} in registry differs from local template unit file ${file}`;
    console.error(`WARNING: ${names}. Add --replace to override.\n`);
  }
  return false;
}

async function findTemplate(run: Run, file: string, name: string): Promise<UnitOption[]> {
  const template = templateOf(name);
  if (template === null) throw new Error(`unable to find Unit(${name}) in Registry or on filesystem`);
  const options =
    (await find(run, template, 'template Unit'))?.options ?? readLocal(join(dirname(file), template), template, 'template Unit');
  if (options !== null) return options;
  throw new Error(`failed getting Unit(${file}) from template: unable to find template Unit(${template}) in Registry or on filesystem`);
}

async function find({ connection }: Run, name: string, what: string): Promise<FleetUnit | null> {
  try {
    return await connection.fleet.unit(name);
  } catch (error) {
    throw new Error(`error retrieving ${what}(${name}) from Registry: ${fleetError(error)}`, { cause: error });
  }
}

/** Null when there is no such file. */
function readLocal(file: string, name: string, what: string): UnitOption[] | null {
  try {
    return parseUnitFile(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new Error(`failed getting ${what}(${name}) from file: ${(error as Error).message}`, { cause: error });
  }
}
