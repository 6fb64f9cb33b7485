// How journalctl prints entries, and how systemd prints times. A machine's clock runs in UTC.
import type { JournalEntry } from './journal.ts';

export const journalFormats = ['short', 'json', 'cat'] as const;
export type JournalFormat = (typeof journalFormats)[number];

/** The machine that an entry comes from. */
export interface JournalSource {
  hostname: string;
  machineId: string;
}

/** One line, without its end. `all` prints control characters as they are. */
export function formatEntry(entry: JournalEntry, format: JournalFormat, source: JournalSource, all = false): string {
  switch (format) {
    case 'short': {
      const pid = entry.pid === null ? '' : `[${entry.pid}]`;
      return `${shortTime(entry.time)} ${source.hostname} ${entry.identifier}${pid}: ${all ? entry.message : printable(entry.message)}`;
    }
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

function shortTime(time: number): string {
  const date = new Date(time);
  return `${months[date.getUTCMonth()]} ${date.toISOString().slice(8, 10)} ${date.toISOString().slice(11, 19)}`;
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
