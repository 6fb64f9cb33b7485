// journalctl: prints the journal of the machine it runs on, and follows it.
import { once } from 'node:events';
import { formatEntry, formatHeader, formatTimestamp, isDecorated, type JournalFormat, journalFormats } from '#lib/lab/journal/format.ts';
import type { JournalBoot } from '#lib/lab/journal/journal.ts';
import { parseSince } from '#lib/lab/journal/since.ts';
import type { JournalHeader, JournalLine } from '#lib/lab/systemd/api.ts';
import { ask, askLines } from '#lib/lab/systemd/client.ts';
import { type Options, readOptions } from '#lib/lab/systemd/options.ts';
import { runProgram } from './run-program.ts';

const optionNames = {
  '-u': 'unit',
  '--unit': 'unit',
  '-f': 'follow',
  '--follow': 'follow',
  '-n': 'lines',
  '--lines': 'lines',
  '-o': 'output',
  '--output': 'output',
  '--since': 'since',
  '--until': 'until',
  '-t': 'identifier',
  '--identifier': 'identifier',
  '--list-boots': 'list-boots',
  '-k': 'dmesg',
  '--dmesg': 'dmesg',
  '-m': 'merge',
  '--merge': 'merge',
  '-b': 'boot',
  '--boot': 'boot',
  '-r': 'reverse',
  '--reverse': 'reverse',
  '-p': 'priority',
  '--priority': 'priority',
  '-a': 'all',
  '--all': 'all',
  '-q': 'quiet',
  '--quiet': 'quiet',
  // Accepted: what they ask for is how it is printed anyway.
  '--no-pager': 'no-pager',
  '--no-tail': 'no-tail',
  '-l': 'full',
  '--full': 'full',
  '-x': 'catalog',
  '--catalog': 'catalog',
  '-e': 'pager-end',
  '--pager-end': 'pager-end',
  '--utc': 'utc',
  '--system': 'system',
  '-h': 'help',
  '--help': 'help',
  '--version': 'version',
};

const help = `journalctl [OPTIONS...]

  -u --unit=UNIT       Show the journal of one unit
  -f --follow          Go on with what comes
  -n --lines[=N]       Show the last N lines (10), or all
  -t --identifier=ID   Show what this program says
  -o --output=MODE     short, short-iso, short-precise, verbose, export, json, json-pretty or cat
     --since=TIME      2014-10-24 13:00:00, 13:00, today, -1h, "2 hours ago"
     --until=TIME      Likewise
  -b --boot[=N]        Show the present boot (0), the one before it (-1), ...
     --list-boots      Show which boots there are
  -p --priority=LEVEL  Show this priority and worse: 0..7 or emerg..debug
  -r --reverse         Newest first
  -a --all             Show control characters too
  -q --quiet           No header
     --no-pager        No pager (there is none)
`;

const priorities = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

async function run(argv: string[]): Promise<number> {
  const options = readOptions(argv, optionNames, {
    ...{ unit: 'values', output: 'value', since: 'value', until: 'value', priority: 'value', identifier: 'value' },
    lines: { optional: /^(\d+|all)$/ },
    boot: { optional: /^(-?\d+|[0-9a-f]{32})$/ },
  });
  const { given, words } = options;
  if (given.has('help')) return print(help);
  if (given.has('version')) return print('systemd 215\n');
  if (given.has('list-boots')) return listBoots();
  const format = readFormat(given.get('output') ?? 'short');
  const follow = given.has('follow');
  if (follow && given.has('reverse')) throw new Error('please specify either --reverse or --follow, not both.');

  const decorated = isDecorated(format) && !given.has('quiet');
  let header: JournalHeader | null = null;
  let boot: string | null = null;
  const newestFirst: string[] = [];
  for await (const line of askLines(`/journal?${await readQuery(options, words)}`)) {
    if (header === null) {
      header = line as JournalHeader;
      const { begin, end } = header;
      if (decorated && begin !== null && end !== null) await printPaced(`${formatHeader(begin, end, follow)}\n`);
      continue;
    }
    const entry = line as JournalLine;
    if ('missed' in entry) {
      if (decorated) await printPaced(`-- ${entry.missed} messages left out: they came faster than they were read --\n`);
      continue;
    }
    const text = `${formatEntry(entry, format, header, given.has('all'))}\n`;
    if (given.has('reverse')) newestFirst.unshift(text);
    else await printPaced(decorated && boot !== null && boot !== entry.boot ? `-- Reboot --\n${text}` : text);
    boot = entry.boot;
  }
  await printPaced(newestFirst.join(''));
  if (follow) throw new Error('the machine is shutting down; its journal has ended.');
  if (decorated && boot === null) await printPaced('-- No entries --\n');
  return 0;
}

function readFormat(text: string): JournalFormat {
  const format = journalFormats.find((candidate) => candidate === text);
  if (format === undefined) throw new Error(`unknown output format '${text}': it can be ${journalFormats.join(', ')}.`);
  return format;
}

/** Fields of the journal that a match may name, and the query that they mean. */
const fields: Record<string, string> = {
  _SYSTEMD_UNIT: 'unit',
  UNIT: 'unit',
  SYSLOG_IDENTIFIER: 'identifier',
  _COMM: 'identifier',
  _PID: 'pid',
  _BOOT_ID: 'boot',
  PRIORITY: 'priority',
};

async function readQuery({ given }: Options, matches: string[]): Promise<URLSearchParams> {
  const query = new URLSearchParams();
  for (const match of matches) {
    const [field = '', value] = match.split('=', 2);
    if (value === undefined || !Object.hasOwn(fields, field)) {
      throw new Error(`the match ${JSON.stringify(match)} is not supported in this lab; there are ${Object.keys(fields).join('=, ')}=.`);
    }
    query.append(fields[field]!, value);
  }
  for (const unit of given.get('unit')?.split('\n') ?? []) query.append('unit', /\.\w+$/.test(unit) ? unit : `${unit}.service`);
  if (given.has('dmesg')) query.set('identifier', 'kernel'); // a machine of the lab has no kernel of its own, and nothing to show here
  const identifier = given.get('identifier');
  if (identifier !== undefined) query.set('identifier', identifier);
  if (given.has('boot') || given.has('dmesg')) query.set('boot', await findBoot(given.get('boot') ?? ''));
  if (given.has('follow')) query.set('follow', '1');
  for (const name of ['since', 'until'] as const) {
    const text = given.get(name);
    if (text === undefined) continue;
    const time = parseSince(text, Date.now());
    if (time === null) throw new Error(`failed to parse timestamp: ${text}`);
    query.set(name, `${Math.max(0, Math.floor(time))}`);
  }
  const lines = given.get('lines') ?? (given.has('follow') && !given.has('no-tail') ? '10' : 'all');
  if (!/^(|\d{1,9}|all)$/.test(lines)) throw new Error(`failed to parse lines '${lines}'`);
  if (lines !== 'all') query.set('lines', lines || '10');
  const priority = given.get('priority');
  if (priority !== undefined) query.set('priority', `${readPriority(priority)}`);
  return query;
}

async function loadBoots(): Promise<JournalBoot[]> {
  return (await ask('GET', '/boots')).body as JournalBoot[];
}

/** 0 and below count back from the present boot, 1 and above from the oldest. */
async function findBoot(text: string): Promise<string> {
  if (text === '' || /^-?0$/.test(text)) return '1';
  if (/^[0-9a-f]{32}$/.test(text)) return text;
  const boots = await loadBoots();
  const offset = Number(text);
  const boot = offset < 0 ? boots[boots.length - 1 + offset] : boots[offset - 1];
  if (!boot) throw new Error(`data from the specified boot is not available: no such boot ID in journal (${text}).`);
  return boot.boot;
}

async function listBoots(): Promise<number> {
  const boots = await loadBoots();
  const width = `${1 - boots.length}`.length;
  const lines = boots.map(({ boot, begin, end }, index) => {
    const offset = `${index + 1 - boots.length}`.padStart(width);
    return `${offset} ${boot} ${formatTimestamp(begin)}\u2014${formatTimestamp(end)}\n`;
  });
  return print(lines.join(''));
}

function readPriority(text: string): number {
  const level = /^[0-7]$/.test(text) ? Number(text) : priorities.indexOf(text);
  if (level < 0) throw new Error(`unknown log level ${text}`);
  return level;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** Waits for a slow reader, so that what is left out is decided by the journal and not by this process's memory. */
async function printPaced(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
}

runProgram('journalctl', run);
