// A machine's journal: an append-only file of JSON lines that outlives reboots, and listeners that follow it.
import { mkdirSync } from 'node:fs';
import { journalFiles } from './journal-files.ts';

export interface JournalEntry {
  /** Milliseconds since 1970. */
  time: number;
  /** The unit it is about, `reflector.service`; null for messages about the machine. */
  unit: string | null;
  /** Who says it: a program's base name, or `systemd`. */
  identifier: string;
  pid: number | null;
  message: string;
  /** syslog's 0 (emergency) to 7 (debug). */
  priority: number;
  /** The boot it was written in. */
  boot: string;
}

export interface JournalQuery {
  /** Of this one, or of any of these. */
  unit?: string | string[];
  identifier?: string;
  pid?: number;
  /** Milliseconds since 1970. */
  since?: number;
  until?: number;
  boot?: string;
  /** The highest priority number wanted: 3 means errors and worse. */
  priority?: number;
  /** Only the last so many. */
  lines?: number;
}

/** What a query found; `begin` and `end` are the whole journal's, null while it is empty. */
export interface JournalAnswer {
  begin: number | null;
  end: number | null;
  entries: JournalEntry[];
}

/** One boot, by its first and last message. */
export interface JournalBoot {
  boot: string;
  begin: number;
  end: number;
}

export interface Journal {
  readonly hostname: string;
  readonly bootId: string;
  /** Lines that could not be read because a write was cut off; they are left out of every answer. */
  readonly damaged: number;
  append(entry: Omit<JournalEntry, 'time' | 'boot'>): void;
  /** Sees everything appended before the call. A `follow` started in the same turn goes on exactly where the answer ends. */
  query(query: JournalQuery): Promise<JournalAnswer>;
  /** Oldest first. */
  boots(): Promise<JournalBoot[]>;
  /** Calls back on every new entry that matches; answers with a function that ends it. `lines` has no meaning here. */
  follow(query: JournalQuery, listener: (entry: JournalEntry) => void): () => void;
  close(): void;
}

export interface JournalOptions {
  /** Made if it is missing. */
  directory: string;
  hostname: string;
  bootId: string;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export async function openJournal({ directory, hostname, bootId, now = Date.now }: JournalOptions): Promise<Journal> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const files = journalFiles(directory);
  const followers = new Set<{ query: JournalQuery; listener: (entry: JournalEntry) => void }>();

  return {
    hostname,
    bootId,
    get damaged() {
      return files.damaged;
    },
    append(message) {
      const entry: JournalEntry = { time: now(), ...message, boot: bootId };
      files.append(JSON.stringify(entry));
      for (const { query, listener } of [...followers]) if (matches(entry, query)) listener(entry);
    },
    async query(query) {
      return select(await files.read(), query);
    },
    async boots() {
      return bootsIn(await files.read());
    },
    follow(query, listener) {
      const follower = { query, listener };
      followers.add(follower);
      return () => followers.delete(follower);
    },
    close() {
      followers.clear();
      files.close();
    },
  };
}

/** Reads from the end, and parses no more lines than the answer needs: the files may hold a hundred thousand. */
function select(lines: string[], query: JournalQuery): JournalAnswer {
  const entries: JournalEntry[] = [];
  const wanted = query.lines ?? Number.POSITIVE_INFINITY;
  const mark = typeof query.unit === 'string' ? `"unit":${JSON.stringify(query.unit)}` : '';
  for (let index = lines.length - 1; index >= 0 && entries.length < wanted; index--) {
    if (!lines[index]!.includes(mark)) continue;
    const entry = parseEntry(lines[index]!);
    if (entry && matches(entry, query)) entries.push(entry);
  }
  return { begin: firstTime(lines), end: firstTime(lines.toReversed()), entries: entries.reverse() };
}

function firstTime(lines: string[]): number | null {
  for (const line of lines) {
    const entry = parseEntry(line);
    if (entry) return entry.time;
  }
  return null;
}

function parseEntry(line: string): JournalEntry | null {
  try {
    const entry = JSON.parse(line) as Partial<JournalEntry>;
    return typeof entry.time === 'number' && typeof entry.message === 'string' ? (entry as JournalEntry) : null;
  } catch {
    return null; // damaged in the middle; the files count what they can see
  }
}

function bootsIn(lines: string[]): JournalBoot[] {
  const boots = new Map<string, JournalBoot>();
  for (const line of lines) {
    const entry = parseEntry(line);
    if (!entry) continue;
    const known = boots.get(entry.boot);
    if (known) known.end = entry.time;
    else boots.set(entry.boot, { boot: entry.boot, begin: entry.time, end: entry.time });
  }
  return [...boots.values()];
}

function matches(entry: JournalEntry, { unit, identifier, pid, since, until, boot, priority }: JournalQuery): boolean {
  return (
    (unit === undefined || (typeof unit === 'string' ? entry.unit === unit : entry.unit !== null && unit.includes(entry.unit))) &&
    (identifier === undefined || entry.identifier === identifier) &&
    (pid === undefined || entry.pid === pid) &&
    (since === undefined || entry.time >= since) &&
    (until === undefined || entry.time <= until) &&
    (boot === undefined || entry.boot === boot) &&
    (priority === undefined || entry.priority <= priority)
  );
}
