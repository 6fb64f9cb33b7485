// systemctl: looks at the units of the machine it runs on, and starts and stops them.
import { formatEntry, type JournalSource } from '#lib/lab/journal/format.ts';
import type { JournalEntry } from '#lib/lab/journal/journal.ts';
import type { JournalHeader, UnitCommandKind } from '#lib/lab/systemd/api.ts';
import { ask, askLines } from '#lib/lab/systemd/client.ts';
import { type Options, readOptions } from '#lib/lab/systemd/options.ts';
import { coloured, listText, plain, statusText } from '#lib/lab/systemd/status-text.ts';
import { dependencyText, unitFilesText } from '#lib/lab/systemd/unit-lists.ts';
import { properties } from '#lib/lab/systemd/unit-properties.ts';
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
  '--failed': 'failed',
  '-s': 'signal',
  '--signal': 'signal',
  '--kill-who': 'kill-who',
  '--reverse': 'reverse',
  '--plain': 'plain',
  '-f': 'force',
  '--force': 'force',
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
  list-unit-files       restart UNIT...     is-enabled UNIT...  list-dependencies [UNIT]
  reset-failed [UNIT…]  reload UNIT...      kill UNIT...        daemon-reload
  list-jobs             try-restart UNIT... is-system-running   get-default
`;

/** What a machine of the lab does not do, and what does it instead. */
const refused: Record<string, string> = {
  ...Object.fromEntries(
    ['enable', 'disable', 'reenable', 'preset', 'mask', 'unmask', 'link', 'edit', 'set-property', 'add-wants', 'add-requires'].map(
      (command) => [command, 'a machine takes its units from fleet and from user-data; change those.'],
    ),
  ),
  ...Object.fromEntries(
    ['poweroff', 'halt', 'reboot', 'kexec', 'suspend', 'hibernate', 'rescue', 'emergency', 'default', 'isolate', 'exit'].map((command) => [
      command,
      'machines are switched with vagrant: halt, reload, suspend.',
    ]),
  ),
};

/** systemctl's own exit statuses. */
const exitInactive = 3;
const exitUnknown = 4;
const exitCannotLoad = 6;

const tty = process.stdout.isTTY === true;
const paint = tty ? coloured : plain;

async function run(argv: string[]): Promise<number> {
  const options = readOptions(argv, optionNames, {
    ...{ lines: 'value', property: 'values', type: 'value', state: 'value', signal: 'value', 'kill-who': 'value' },
  });
  if (options.given.has('help')) return print(help);
  if (options.given.has('version')) return print('systemd 215\n');
  const [command = 'list-units', ...names] = options.words;
  const units = names.map((name) => (/\.\w+$/.test(name) ? name : `${name}.service`));
  if (Object.hasOwn(refused, command)) return complain(`systemctl ${command} is not supported in this lab: ${refused[command]}`);
  switch (command) {
    case 'list-units':
      return listUnits(options);
    case 'list-unit-files':
      return print(unitFilesText(await loadAll(), options.given.get('type'), !options.given.has('no-legend')));
    case 'list-dependencies':
      return listDependencies(units[0] ?? 'default.target', options);
    case 'list-jobs':
      return print('No jobs running.\n'); // whoever could be told of one waits for it
    case 'list-timers':
    case 'list-sockets':
      return print(`0 ${command.slice(5)} listed.\n`);
    case 'get-default':
      return print('multi-user.target\n');
    case 'is-system-running':
      return isSystemRunning(options);
    case 'status':
      return units.length === 0 ? listUnits(options) : status(units, options);
    case 'start':
    case 'stop':
    case 'restart':
    case 'reload':
    case 'try-restart':
    case 'reload-or-restart':
    case 'reload-or-try-restart':
      return each(needed(command, units), (unit) => change(command, unit, options));
    case 'condrestart':
      return each(needed(command, units), (unit) => change('try-restart', unit, options));
    case 'force-reload':
      return each(needed(command, units), (unit) => change('reload-or-try-restart', unit, options));
    case 'kill':
      return each(needed(command, units), (unit) => kill(unit, options));
    case 'is-active':
      return isInState(needed(command, units), 'active', exitInactive, options);
    case 'is-failed':
      return isInState(needed(command, units), 'failed', 1, options);
    case 'is-enabled':
      return isEnabled(needed(command, units), options);
    case 'cat':
      return each(needed(command, units), cat);
    case 'show':
      return each(needed(command, units), (unit) => show(unit, options));
    case 'reset-failed':
      return each(units.length === 0 ? [''] : units, resetFailed);
    case 'daemon-reload':
      await ask('GET', '/units'); // every unit file is read when it is written; what remains to tell is whether systemd is there
      return 0;
    case 'help':
      return print(help);
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

async function loadAll(): Promise<UnitStatus[]> {
  const { body } = await ask('GET', '/units');
  return body as UnitStatus[];
}

async function listDependencies(name: string, { given }: Options): Promise<number> {
  return print(dependencyText(await loadAll(), name, { reverse: given.has('reverse'), plain: given.has('plain') }));
}

async function isSystemRunning({ given }: Options): Promise<number> {
  const degraded = (await loadAll()).some(({ active }) => active === 'failed');
  if (!given.has('quiet')) print(degraded ? 'degraded\n' : 'running\n');
  return degraded ? 1 : 0;
}

async function kill(unit: string, { given }: Options): Promise<number> {
  const query = new URLSearchParams({ signal: given.get('signal') ?? 'SIGTERM', who: given.get('kill-who') ?? 'all' });
  const { status: code, body } = await ask('POST', `/units/${encodeURIComponent(unit)}/kill?${query}`);
  return code === 200 ? 0 : complain(`Failed to issue method call: ${(body as { message: string }).message}`);
}

/** One word per unit; success if any of them can be counted on after a boot. */
async function isEnabled(units: string[], { given }: Options): Promise<number> {
  let exitStatus = 1;
  for (const name of units) {
    const unit = await load(name);
    if (!unit) {
      complain('Failed to issue method call: No such file or directory');
      continue;
    }
    const word = unit.enabled || 'static';
    if (['enabled', 'enabled-runtime', 'static'].includes(word)) exitStatus = 0;
    if (!given.has('quiet')) print(`${word}\n`);
  }
  return exitStatus;
}

async function listUnits({ given }: Options): Promise<number> {
  const type = given.get('type');
  const state = given.has('failed') ? 'failed' : given.get('state');
  const units = (await loadAll()).filter(
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

async function change(kind: UnitCommandKind, unit: string, { given }: Options): Promise<number> {
  const wait = given.has('no-block') ? '?wait=0' : '';
  const { status: code, body } = await ask('POST', `/units/${encodeURIComponent(unit)}/${kind}${wait}`);
  if (code !== 200) return complain(`Failed to issue method call: ${(body as { message: string }).message}`, exitCannotLoad);
  switch ((body as { result: string }).result) {
    case 'failed':
      return complain(`Job for ${unit} failed. See 'systemctl status ${unit}' and 'journalctl -xn' for details.`);
    case 'dependency':
      return complain(`A dependency job for ${unit} failed. See 'journalctl -xn' for details.`);
    case 'assert':
      return complain(`Assertion failed on job for ${unit}.`);
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
  const files = [{ path: unit.path, text: unit.text }, ...unit.dropIns];
  return print(files.map(({ path, text }) => `# ${path}\n${text}${text.endsWith('\n') ? '' : '\n'}`).join('\n'));
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
  const wanted = given.get('property')?.split(/[,\n]/);
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
