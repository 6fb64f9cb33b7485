// systemctl: looks at the units of the machine it runs on, and starts and stops them.
import { formatEntry, type JournalSource } from '#lib/lab/journal/format.ts';
import type { JournalEntry } from '#lib/lab/journal/journal.ts';
import type { JournalHeader } from '#lib/lab/systemd/api.ts';
import { ask, askLines } from '#lib/lab/systemd/client.ts';
import { type Options, readOptions } from '#lib/lab/systemd/options.ts';
import { coloured, listText, plain, properties, statusText } from '#lib/lab/systemd/status-text.ts';
import type { UnitStatus } from '#lib/lab/systemd/unit-status.ts';

const optionNames = {
  '-l': 'full',
  '--full': 'full',
  '-a': 'all',
  '--all': 'all',
  '-n': 'lines',
  '--lines': 'lines',
  '-p': 'property',
  '--property': 'property',
  '-q': 'quiet',
  '--quiet': 'quiet',
  '-t': 'type',
  '--type': 'type',
  '--state': 'state',
  '--no-pager': 'no-pager',
  '--no-legend': 'no-legend',
  '--no-block': 'no-block',
  '--system': 'system',
  '--runtime': 'runtime',
  '-h': 'help',
  '--help': 'help',
  '--version': 'version',
};

const help = `systemctl [OPTIONS...] {COMMAND} ...

  -l --full         Do not shorten lines
  -a --all          List inactive units too
  -n --lines=N      Journal lines to show with status
  -p --property=P   Show only this property
  -t --type=TYPE    List only units of this type
     --state=STATE  List only units in this state
     --no-block     Do not wait until the operation is done
     --no-legend    No header and no footer
  -q --quiet        No output

Commands:
  status [UNIT...]      start UNIT...       is-active UNIT...   cat UNIT...
  list-units            stop UNIT...        is-failed UNIT...   show UNIT...
  reset-failed [UNIT…]  restart UNIT...     daemon-reload
`;

/** systemctl's own exit statuses. */
const exitInactive = 3;
const exitUnknown = 4;
const exitCannotLoad = 6;

const tty = process.stdout.isTTY === true;
const paint = tty ? coloured : plain;

async function run(argv: string[]): Promise<number> {
  const options = readOptions(argv, optionNames, { lines: 'value', property: 'value', type: 'value', state: 'value' });
  if (options.given.has('help')) return print(help);
  if (options.given.has('version')) return print('systemd 215\n');
  const [command = 'list-units', ...names] = options.words;
  const units = names.map((name) => (/\.\w+$/.test(name) ? name : `${name}.service`));
  switch (command) {
    case 'list-units':
      return listUnits(options);
    case 'status':
      return units.length === 0 ? listUnits(options) : status(units, options);
    case 'start':
    case 'stop':
    case 'restart':
      return each(needed(command, units), (unit) => change(command, unit, options));
    case 'is-active':
      return isInState(needed(command, units), 'active', exitInactive, options);
    case 'is-failed':
      return isInState(needed(command, units), 'failed', 1, options);
    case 'cat':
      return each(needed(command, units), cat);
    case 'show':
      return each(needed(command, units), (unit) => show(unit, options));
    case 'reset-failed':
      return each(units.length === 0 ? [''] : units, resetFailed);
    case 'daemon-reload':
      await ask('GET', '/units'); // every unit file is read when it is written; what remains to tell is whether systemd is there
      return 0;
    default:
      return complain(`Unknown operation '${command}'.`);
  }
}

function needed(command: string, units: string[]): string[] {
  if (units.length === 0) throw new Error(`systemctl ${command} needs the name of a unit. List them with systemctl list-units.`);
  return units;
}

/** Does it for every unit; the exit status is the first that is not 0. */
async function each(units: string[], act: (unit: string) => Promise<number>): Promise<number> {
  let worst = 0;
  for (const unit of units) worst ||= await act(unit);
  return worst;
}

async function load(name: string): Promise<UnitStatus | null> {
  const { status: found, body } = await ask('GET', `/units/${encodeURIComponent(name)}`);
  return found === 200 ? (body as UnitStatus) : null;
}

async function listUnits({ given }: Options): Promise<number> {
  const { body } = await ask('GET', '/units');
  const type = given.get('type');
  const state = given.get('state');
  const units = (body as UnitStatus[]).filter(
    ({ name, load: loaded, active, sub }) => (!type || name.endsWith(`.${type}`)) && (!state || [loaded, active, sub].includes(state)),
  );
  return print(listText(units, { all: given.has('all') || state !== undefined, legend: !given.has('no-legend'), paint }));
}

async function status(units: string[], { given }: Options): Promise<number> {
  let worst = 0;
  for (const [index, name] of units.entries()) {
    const unit = await load(name);
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

async function printJournal(unit: string, lines: number, full: boolean): Promise<void> {
  if (!(lines > 0)) return;
  const width = tty && !full ? (process.stdout.columns ?? 80) : Number.POSITIVE_INFINITY;
  let source: JournalSource | null = null;
  let text = '';
  let shortened = false;
  for await (const line of askLines(`/journal?unit=${encodeURIComponent(unit)}&lines=${lines}&boot=1`)) {
    if (source === null) {
      source = line as JournalHeader;
      continue;
    }
    const formatted = formatEntry(line as JournalEntry, 'short', source);
    shortened ||= formatted.length > width;
    text += `${shorten(formatted, width)}\n`;
  }
  if (text !== '') print(`\n${text}`);
  if (shortened) print('Hint: Some lines were ellipsized, use -l to show in full.\n');
}

/** Leaves out the middle, most of it before the end, as systemctl does. */
function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.floor((width - 3) * 0.9);
  return `${text.slice(0, head)}...${text.slice(text.length - (width - 3 - head))}`;
}

async function change(kind: 'start' | 'stop' | 'restart', unit: string, { given }: Options): Promise<number> {
  const wait = given.has('no-block') ? '?wait=0' : '';
  const { status: code, body } = await ask('POST', `/units/${encodeURIComponent(unit)}/${kind}${wait}`);
  if (code !== 200) return complain(`Failed to issue method call: ${(body as { message: string }).message}`, exitCannotLoad);
  switch ((body as { result: string }).result) {
    case 'failed':
      return complain(`Job for ${unit} failed. See 'systemctl status ${unit}' and 'journalctl -xn' for details.`);
    case 'dependency':
      return complain(`A dependency job for ${unit} failed. See 'journalctl -xn' for details.`);
    case 'canceled':
      return complain(`Job for ${unit} canceled.`);
    default:
      return 0;
  }
}

/** One word per unit; success if any of them is in the state. */
async function isInState(units: string[], state: string, otherwise: number, { given }: Options): Promise<number> {
  const words = [];
  for (const unit of units) words.push((await load(unit))?.active ?? 'unknown');
  if (!given.has('quiet')) print(`${words.join('\n')}\n`);
  return words.includes(state) ? 0 : otherwise;
}

async function cat(name: string): Promise<number> {
  const unit = await load(name);
  if (!unit?.path) return complain(unit ? `${name} belongs to the machine and has no unit file.` : `No files found for ${name}.`);
  return print(`# ${unit.path}\n${unit.text}${unit.text.endsWith('\n') ? '' : '\n'}`);
}

async function show(name: string, { given }: Options): Promise<number> {
  const unit = await load(name);
  const all: [string, string][] = unit
    ? properties(unit)
    : [
        ['Id', name],
        ['LoadState', 'not-found'],
        ['ActiveState', 'inactive'],
        ['SubState', 'dead'],
      ];
  const wanted = given.get('property')?.split(',');
  return print(
    all
      .filter(([key]) => !wanted || wanted.includes(key))
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
}

async function resetFailed(unit: string): Promise<number> {
  await ask('POST', unit === '' ? '/reset' : `/reset/${encodeURIComponent(unit)}`);
  return 0;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function complain(text: string, exitStatus = 1): number {
  process.stderr.write(`${text}\n`);
  return exitStatus;
}

// Whoever reads, such as head, may have seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
run(process.argv.slice(2)).then(
  (exitStatus) => {
    process.exitCode = exitStatus;
  },
  (error: Error) => {
    process.exitCode = complain(`systemctl: ${error.message}`);
  },
);
