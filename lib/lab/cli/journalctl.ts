// journalctl: prints the journal of the machine it runs on, and follows it.
import { once } from 'node:events';
import { formatEntry, formatHeader, type JournalFormat, journalFormats } from '#lib/lab/journal/format.ts';
import { parseSince } from '#lib/lab/journal/since.ts';
import type { JournalHeader, JournalLine } from '#lib/lab/systemd/api.ts';
import { askLines } from '#lib/lab/systemd/client.ts';
import { type Options, readOptions } from '#lib/lab/systemd/options.ts';

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
  -o --output=MODE     short, json or cat
     --since=TIME      2014-10-24 13:00:00, 13:00, today, -1h, "2 hours ago"
  -b --boot            Show the present boot only
  -p --priority=LEVEL  Show this priority and worse: 0..7 or emerg..debug
  -r --reverse         Newest first
  -a --all             Show control characters too
  -q --quiet           No header
     --no-pager        No pager (there is none)
`;

const priorities = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

async function run(argv: string[]): Promise<number> {
  const options = readOptions(argv, optionNames, {
    unit: 'value',
    output: 'value',
    since: 'value',
    priority: 'value',
    lines: { optional: /^(\d+|all)$/ },
    boot: { optional: /^-?0$/ },
  });
  const { given, words } = options;
  if (given.has('help')) return print(help);
  if (given.has('version')) return print('systemd 215\n');
  if (words.length > 0) throw new Error(`matches such as ${JSON.stringify(words[0])} are not supported; name the unit with -u.`);
  const format = readFormat(given.get('output') ?? 'short');
  const follow = given.has('follow');
  if (follow && given.has('reverse')) throw new Error('please specify either --reverse or --follow, not both.');

  const decorated = format === 'short' && !given.has('quiet');
  let header: JournalHeader | null = null;
  let boot: string | null = null;
  const newestFirst: string[] = [];
  for await (const line of askLines(`/journal?${readQuery(options)}`)) {
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

function readQuery({ given }: Options): URLSearchParams {
  const query = new URLSearchParams();
  const unit = given.get('unit');
  if (unit !== undefined) query.set('unit', /\.\w+$/.test(unit) ? unit : `${unit}.service`);
  if (given.has('boot')) query.set('boot', '1');
  if (given.has('follow')) query.set('follow', '1');
  const since = given.get('since');
  if (since !== undefined) {
    const time = parseSince(since, Date.now());
    if (time === null) throw new Error(`failed to parse timestamp: ${since}`);
    query.set('since', `${Math.max(0, Math.floor(time))}`);
  }
  const lines = given.get('lines') ?? (given.has('follow') && !given.has('no-tail') ? '10' : 'all');
  if (!/^(|\d{1,9}|all)$/.test(lines)) throw new Error(`failed to parse lines '${lines}'`);
  if (lines !== 'all') query.set('lines', lines || '10');
  const priority = given.get('priority');
  if (priority !== undefined) query.set('priority', `${readPriority(priority)}`);
  return query;
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

// Whoever reads, such as head, may have seen enough. Signals need no handler: their default ends this process as the caller expects.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
run(process.argv.slice(2)).then(
  (exitStatus) => {
    process.exitCode = exitStatus;
  },
  (error: Error) => {
    process.stderr.write(`journalctl: ${error.message}\n`);
    process.exitCode = 1;
  },
);
