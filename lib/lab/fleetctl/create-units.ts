// Puts units into the cluster that are not there yet: from a local file, or from a template in the cluster or beside it.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FleetUnit, UnitOption } from '#lib/cluster/fleet-client.ts';
import { contradiction, parseUnitFile, templateOf, unitHash, unitNameOf, unknownRequirements } from '#lib/cluster/unit-file.ts';
import { CommandFailure, type Run } from './run.ts';
import { waitForUnits } from './wait-for-units.ts';
import { fleetError } from './wording.ts';

export async function createUnits(run: Run): Promise<void> {
  try {
    for (const word of run.words) await createUnit(run, word);
  } catch (error) {
    throw error instanceof CommandFailure ? error : new CommandFailure(`Error creating units: ${fleetError(error)}`);
  }
}

async function createUnit(run: Run, word: string): Promise<void> {
  const name = unitNameOf(word);
  const registered = await find(run, name, 'Unit');
  const local = readLocal(localFile(word, name), name, 'Unit');
  if (registered !== null && !mayReplace(run, registered, local, word)) return;

  const options = local ?? (await findTemplate(run, word, name));
  const clash = contradiction(options);
  if (clash !== null) throw new Error(clash);
  for (const key of unknownRequirements(options)) warnUnknownRequirement(run, name, key);
  try {
    await run.connection.fleet.create(name, options);
  } catch (error) {
    throw new Error(`failed creating unit ${name}: ${fleetError(error)}`, { cause: error });
  }
  if (registered === null) await waitForUnits(run, [name], 'inactive');
}

/** Whether a unit that the cluster has is to be sent again. */
function mayReplace({ flags, console }: Run, registered: FleetUnit, local: UnitOption[] | null, word: string): boolean {
  const differs = local !== null && unitHash(local) !== unitHash(registered.options);
  if (flags.has('replace')) {
    if (local !== null && !differs) console.error(`Found same Unit(${registered.name}) in Registry, nothing to do\n`);
    return differs;
  }
  if (differs) {
    console.error(`WARNING: Unit ${registered.name} in registry differs from local unit file ${word}. Add --replace to override.\n`);
    return false;
  }
  const template = templateOf(registered.name);
  const localTemplate = local === null && template !== null ? readLocal(join(dirname(word), template), template, 'template Unit') : null;
  if (localTemplate !== null && unitHash(localTemplate) !== unitHash(registered.options)) {
    const names = `Unit ${registered.name} in registry differs from local template unit file ${template}`;
    console.error(`WARNING: ${names}. Add --replace to override.\n`);
  }
  return false;
}

async function findTemplate(run: Run, word: string, name: string): Promise<UnitOption[]> {
  const template = templateOf(name);
  if (template === null) throw new Error(`unable to find Unit(${name}) in Registry or on filesystem`);
  const options =
    (await find(run, template, 'template Unit'))?.options ?? readLocal(join(dirname(word), template), template, 'template Unit');
  if (options === null) throw new Error(`unable to find Unit(${name}) or template Unit(${template}) in Registry or on filesystem`);
  return options;
}

async function find({ connection }: Run, name: string, what: string): Promise<FleetUnit | null> {
  try {
    return await connection.fleet.unit(name);
  } catch (error) {
    throw new Error(`error retrieving ${what}(${name}) from Registry: ${fleetError(error)}`, { cause: error });
  }
}

/** `reflector` stands for `reflector.service` in the same directory. */
function localFile(word: string, name: string): string {
  return join(dirname(word), name);
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

function warnUnknownRequirement({ console }: Run, name: string, key: string): void {
  const two = (part: number): string => String(part).padStart(2, '0');
  const now = new Date();
  const day = `${now.getFullYear()}/${two(now.getMonth() + 1)}/${two(now.getDate())}`;
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(':');
  const text = `Unit ${name}: unrecognized requirement in [X-Fleet] section: ${JSON.stringify(key)}`;
  console.error(`${day} ${time} WARN fleetctl.go:674: ${text}\n`);
}
