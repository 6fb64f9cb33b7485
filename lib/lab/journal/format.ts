// How journalctl prints entries, and how systemd prints times. A machine's clock runs in UTC.
import type { JournalEntry } from './journal.ts';

export const journalFormats = ['short', 'short-iso', 'short-precise', 'verbose', 'export', 'json', 'json-pretty', 'cat'] as const;
export type JournalFormat = (typeof journalFormats)[number];

/** The machine that an entry comes from. */
export interface JournalSource {
  hostname: string;
  machineId: string;
}

/** What is meant for readers, not programs, and stands under a header. */
export function isDecorated(format: JournalFormat): boolean {
  return format === 'verbose' || format.startsWith('short');
}

/** One line, or as many as the format makes of an entry, without the last one's end. `all` prints control characters as they are. */
export function formatEntry(entry: JournalEntry, format: JournalFormat, source: JournalSource, all = false): string {
  switch (format) {
    case 'short':
    case 'short-iso':
    case 'short-precise': {
      const pid = entry.pid === null ? '' : `[${entry.pid}]`;
      const message = all ? entry.message : printable(entry.message);
      return `${lineTime(entry.time, format)} ${source.hostname} ${entry.identifier}${pid}: ${message}`;
    }
    case 'verbose': {
      const fields = Object.entries(jsonFields(entry, source)).filter(([name]) => !name.startsWith('__'));
      const begin = `${formatTimestamp(entry.time).replace(' UTC', `.${micros(entry.time)} UTC`)} [b=${entry.boot};t=${(entry.time * 1000).toString(16)}]`;
      return [begin, ...fields.map(([name, value]) => `    ${name}=${all || name !== 'MESSAGE' ? value : printable(value)}`)].join('\n');
    }
    case 'export':
      return `${Object.entries(jsonFields(entry, source))
        .map(([name, value]) => `${name}=${value}`)
        .join('\n')}\n`;
    case 'json-pretty':
      return JSON.stringify(jsonFields(entry, source), null, '\t');
    case 'cat':
      return entry.message;
    case 'json':
      return JSON.stringify(jsonFields(entry, source));
    default:
      return format satisfies never;
  }
}

/** `-- Logs begin at … --`; a listing that goes on has no end. */
export function formatHeader(begin: number, end: number, follows: boolean): string {
  return follows
    ? `-- Logs begin at ${formatTimestamp(begin)}. --`
    : `-- Logs begin at ${formatTimestamp(begin)}, end at ${formatTimestamp(end)}. --`;
}

/** `Thu 2014-08-21 18:27:04 UTC`. */
export function formatTimestamp(time: number): string {
  const iso = new Date(time).toISOString();
  return `${weekdays[new Date(time).getUTCDay()]} ${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** `1h 49min ago`: at most two units, as systemctl status prints the age of a state. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days >= 2) return `${days} days ago`;
  if (days === 1) return `1 day ${hours - 24}h ago`;
  if (hours >= 5) return `${hours}h ago`;
  if (hours > 0) return `${hours}h ${minutes % 60}min ago`;
  if (minutes >= 5) return `${minutes}min ago`;
  if (minutes > 0) return `${minutes}min ${seconds % 60}s ago`;
  if (seconds > 0) return `${seconds}s ago`;
  return milliseconds >= 1 ? `${Math.floor(milliseconds)}ms ago` : 'now';
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function lineTime(time: number, format: 'short' | 'short-iso' | 'short-precise'): string {
  const date = new Date(time);
  const iso = date.toISOString();
  if (format === 'short-iso') return `${iso.slice(0, 19)}+0000`;
  const short = `${months[date.getUTCMonth()]} ${iso.slice(8, 10)} ${iso.slice(11, 19)}`;
  return format === 'short' ? short : `${short}.${micros(time)}`;
}

/** The journal counts in milliseconds; who asks for more gets zeros. */
function micros(time: number): string {
  return `${String(Math.floor(time) % 1000).padStart(3, '0')}000`;
}

/** A message that could steer the reader's terminal is not printed, only its size, as journalctl does. */
function printable(message: string): string {
  return /[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(message) ? `[${formatSize(Buffer.byteLength(message))} blob data]` : message;
}

function formatSize(bytes: number): string {
  return bytes < 1024 ? `${bytes}B` : `${(Math.floor((bytes * 10) / 1024) / 10).toFixed(1)}K`;
}

function jsonFields(entry: JournalEntry, { hostname, machineId }: JournalSource): Record<string, string> {
  // A message of the manager about a unit carries the unit in another field than the unit's own output.
  const fromManager = entry.identifier === 'systemd' && entry.pid === 1;
  return {
    __REALTIME_TIMESTAMP: `${Math.round(entry.time * 1000)}`,
    _BOOT_ID: entry.boot,
    _MACHINE_ID: machineId,
    _HOSTNAME: hostname,
    PRIORITY: `${entry.priority}`,
    _TRANSPORT: fromManager ? 'journal' : 'stdout',
    SYSLOG_IDENTIFIER: entry.identifier,
    ...(entry.pid !== null && { _PID: `${entry.pid}` }),
    ...(entry.unit !== null && (fromManager ? { _COMM: 'systemd', UNIT: entry.unit } : { _SYSTEMD_UNIT: entry.unit })),
    MESSAGE: entry.message,
  };
}
