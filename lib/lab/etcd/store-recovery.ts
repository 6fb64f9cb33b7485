// Reads back what a store has on disk: a snapshot and the logs since, each line with its checksum.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { StoreState } from './store-state.ts';
import type { KeyEvent } from './wire.ts';

export interface Snapshot {
  format: 1;
  /** The log that goes on from here is `log-<generation>`. */
  generation: number;
  clusterId: string;
  state: StoreState;
}

export interface Recovered {
  snapshot: Snapshot | undefined;
  /** Changes since the snapshot, in order; the first ones may be in it already. */
  events: KeyEvent[];
  /** The last log and how much of it is whole. */
  generation: number;
  length: number;
  /** What was damaged and what was done about it, for people. */
  notices: string[];
}

/** Reads what an earlier process left, whatever state it is in. */
export function recover(directory: string): Recovered {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const notices: string[] = [];
  const snapshot = readSnapshot(snapshotFile(directory), notices);
  const generations = readdirSync(directory)
    .flatMap((name) => /^log-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  const recovered: Recovered = { snapshot, events: [], generation: snapshot?.generation ?? 1, length: 0, notices };
  for (const generation of generations) {
    const path = logFile(directory, generation);
    if (generation < (snapshot?.generation ?? 0)) {
      rmSync(path); // a crash came between the snapshot and this
      continue;
    }
    const bytes = readFileSync(path);
    recovered.length = readLines(bytes, (event) => recovered.events.push(event));
    recovered.generation = generation;
    const damaged = writtenLength(bytes) - recovered.length;
    if (damaged > 0) {
      notices.push(`The last ${damaged} bytes of ${path} were incomplete and are dropped.`);
    }
  }
  return recovered;
}

export function snapshotFile(directory: string): string {
  return join(directory, 'snapshot.json');
}

export function logFile(directory: string, generation: number): string {
  return join(directory, `log-${generation}`);
}

/** @param text JSON, in one line */
export function encodeLine(text: string): string {
  return `${crc32(text).toString(16).padStart(8, '0')} ${text}`;
}

function decodeLine(line: string): unknown {
  const text = line.slice(9);
  return line.slice(0, 8) === crc32(text).toString(16).padStart(8, '0') ? JSON.parse(text) : undefined;
}

function readSnapshot(path: string, notices: string[]): Snapshot | undefined {
  let line: string;
  try {
    line = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const snapshot = decodeLine(line) as Snapshot | undefined;
  if (snapshot?.format === 1) return snapshot;
  const aside = `${path}.corrupt-${Date.now()}`;
  renameSync(path, aside);
  notices.push(`${path} could not be read and is now ${aside}; only what the log holds is left.`);
  return undefined;
}

/** How many bytes of it are whole lines; stops at the first that is not. */
function readLines(bytes: Buffer, take: (event: KeyEvent) => void): number {
  let start = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
    const event = decodeLine(bytes.toString('utf8', start, end));
    if (!event) break;
    take(event as KeyEvent);
    start = end + 1;
  }
  return start;
}

/** Without the zeros at the end. */
function writtenLength(bytes: Buffer): number {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length--;
  return length;
}
