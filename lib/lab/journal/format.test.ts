import { expect, test } from 'vitest';
import { formatAge, formatEntry, formatHeader, formatTimestamp } from './format.ts';
import type { JournalEntry } from './journal.ts';

const time = Date.UTC(2014, 7, 1, 19, 7, 38, 250);
const source = { hostname: 'core-03', machineId: 'm'.repeat(32) };
const entry: JournalEntry = { time, unit: 'hello.service', identifier: 'bash', pid: 1127, message: 'Hello, world', priority: 6, boot: 'b' };

test('short is the era’s syslog look with a zero-padded day', () => {
  expect(formatEntry(entry, 'short', source)).toBe('Aug 01 19:07:38 core-03 bash[1127]: Hello, world');
});

test('a message without a process has no brackets', () => {
  expect(formatEntry({ ...entry, pid: null }, 'short', source)).toBe('Aug 01 19:07:38 core-03 bash: Hello, world');
});

test('short does not let a message steer the terminal', () => {
  expect(formatEntry({ ...entry, message: '\x1b[31mred' }, 'short', source)).toMatch(/: \[8B blob data]$/);
  expect(formatEntry({ ...entry, message: '\x1b[31mred' }, 'short', source, true)).toMatch(/: \x1b\[31mred$/);
  expect(formatEntry({ ...entry, message: 'a\tb' }, 'short', source)).toMatch(/: a\tb$/);
});

test('cat is the bare message', () => {
  expect(formatEntry(entry, 'cat', source)).toBe('Hello, world');
});

test('json carries the journal’s field names, all values strings', () => {
  expect(JSON.parse(formatEntry(entry, 'json', source))).toMatchObject({
    __REALTIME_TIMESTAMP: `${time}000`,
    _HOSTNAME: 'core-03',
    _SYSTEMD_UNIT: 'hello.service',
    SYSLOG_IDENTIFIER: 'bash',
    _PID: '1127',
    PRIORITY: '6',
    MESSAGE: 'Hello, world',
  });
  const manager = { ...entry, identifier: 'systemd', pid: 1 };
  expect(JSON.parse(formatEntry(manager, 'json', source))).toMatchObject({ UNIT: 'hello.service', _TRANSPORT: 'journal' });
});

test('the header names the whole journal’s times, without an end while it is followed', () => {
  const end = time + 1000;
  expect(formatHeader(time, end, false)).toBe('-- Logs begin at Fri 2014-08-01 19:07:38 UTC, end at Fri 2014-08-01 19:07:39 UTC. --');
  expect(formatHeader(time, end, true)).toBe('-- Logs begin at Fri 2014-08-01 19:07:38 UTC. --');
  expect(formatTimestamp(0)).toBe('Thu 1970-01-01 00:00:00 UTC');
});

test.each([
  [0, 'now'],
  [250, '250ms ago'],
  [4000, '4s ago'],
  [123_000, '2min 3s ago'],
  [6 * 60_000, '6min ago'],
  [(60 + 49) * 60_000, '1h 49min ago'],
  [6 * 3_600_000, '6h ago'],
  [3 * 86_400_000, '3 days ago'],
])('%s ms are printed as %s', (milliseconds, expected) => {
  expect(formatAge(milliseconds)).toBe(expected);
});

test('the other formats are those of the era', () => {
  expect(formatEntry(entry, 'short-iso', source)).toBe('2014-08-01T19:07:38+0000 core-03 bash[1127]: Hello, world');
  expect(formatEntry(entry, 'short-precise', source)).toBe('Aug 01 19:07:38.250000 core-03 bash[1127]: Hello, world');
  expect(formatEntry(entry, 'verbose', source)).toMatch(
    /^Fri 2014-08-01 19:07:38\.250000 UTC \[b=b;t=[0-9a-f]+\]\n( {4}[A-Z_]+=.*\n)+ {4}MESSAGE=Hello, world$/,
  );
  expect(formatEntry(entry, 'export', source)).toMatch(/^__REALTIME_TIMESTAMP=\d+\n(.*\n)*MESSAGE=Hello, world\n$/);
  expect(JSON.parse(formatEntry(entry, 'json-pretty', source))).toEqual(JSON.parse(formatEntry(entry, 'json', source)));
});
