// The commands of systemctl that show units.
import type { Options } from '#lib/lab/systemd/options.ts';
import { coloured, listText, plain, statusText } from '#lib/lab/systemd/status-text.ts';
import { dependencyText, unitFilesText } from '#lib/lab/systemd/unit-lists.ts';
import { properties } from '#lib/lab/systemd/unit-properties.ts';
import { complain, exitInactive, exitUnknown, print } from './console.ts';
import { printJournal } from './journal-lines.ts';
import { loadUnit, loadUnits } from './load-units.ts';

const paint = process.stdout.isTTY === true ? coloured : plain;

export async function listUnits({ given }: Options): Promise<number> {
  const type = given.get('type');
  const state = given.has('failed') ? 'failed' : given.get('state');
  const units = (await loadUnits()).filter(
    ({ name, load: loaded, active, sub }) => (!type || name.endsWith(`.${type}`)) && (!state || [loaded, active, sub].includes(state)),
  );
  return print(listText(units, { all: given.has('all') || state !== undefined, legend: !given.has('no-legend'), paint }));
}

export async function listUnitFiles({ given }: Options): Promise<number> {
  return print(unitFilesText(await loadUnits(), given.get('type'), !given.has('no-legend')));
}

export async function listDependencies(name: string, { given }: Options): Promise<number> {
  return print(dependencyText(await loadUnits(), name, { reverse: given.has('reverse'), plain: given.has('plain') }));
}

export async function status(units: string[], { given }: Options): Promise<number> {
  let worst = 0;
  for (const [index, name] of units.entries()) {
    const unit = await loadUnit(name);
    if (!unit) {
      complain(`Unit ${name} could not be found.`);
      worst ||= exitUnknown;
      continue;
    }
    if (index > 0) print('\n');
    print(statusText(unit, Date.now(), paint));
    await printJournal(name, Number(given.get('lines') ?? 10), given.has('full'));
    if (unit.active !== 'active') worst ||= exitInactive;
  }
  return worst;
}

export async function cat(name: string): Promise<number> {
  const unit = await loadUnit(name);
  if (!unit?.path) return complain(unit ? `${name} belongs to the machine and has no unit file.` : `No files found for ${name}.`);
  const files = [{ path: unit.path, text: unit.text }, ...unit.dropIns];
  return print(files.map(({ path, text }) => `# ${path}\n${text}${text.endsWith('\n') ? '' : '\n'}`).join('\n'));
}

export async function show(name: string, { given }: Options): Promise<number> {
  const unit = await loadUnit(name);
  const all: [string, string][] = unit
    ? properties(unit)
    : [
        ['Id', name],
        ['LoadState', 'not-found'],
        ['ActiveState', 'inactive'],
        ['SubState', 'dead'],
      ];
  const wanted = given.get('property')?.split(/[,\n]/);
  return print(
    all
      .filter(([key]) => !wanted || wanted.includes(key))
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
}
