// The store on disk: a snapshot and a log of the changes since, each line with its checksum.
import { constants, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { KeyStore } from './key-store.ts';
import type { StoreState } from './store-state.ts';
import type { KeyEvent } from './wire.ts';

/** A longer log is replaced by a snapshot; replaying this much takes about 50 ms. */
const longestLog = 4 * 1024 * 1024;
/** A log grows by this much at a time, in zeros: a write that changes no file's length takes half the time to be safe. */
const growth = 1024 * 1024;
/** Where each write waits for the disk by itself it takes one call instead of two; elsewhere it does not reach the disk itself. */
const writesAreDurable = process.platform === 'linux';
/** How long to wait before writing again to a disk that refused. */
const retryMs = 1000;

interface Snapshot {
  format: 1;
  /** The log that goes on from here is `log-<generation>`. */
  generation: number;
  clusterId: string;
  state: StoreState;
}

export interface Recovered {
  snapshot: Snapshot | undefined;
  /** Changes since the snapshot, in order. */
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
  const snapshot = readSnapshot(join(directory, 'snapshot.json'), notices);
  const generations = readdirSync(directory)
    .flatMap((name) => /^log-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  const recovered: Recovered = { snapshot, events: [], generation: snapshot?.generation ?? 1, length: 0, notices };
  for (const generation of generations) {
    const path = join(directory, `log-${generation}`);
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

export class StoreLog {
  #directory: string;
  #clusterId: string;
  #store: KeyStore | undefined;
  #generation: number;
  #file: FileHandle | undefined;
  #length: number;
  /** How long the file is, with the zeros at its end. */
  #allocated: number;
  #pending: string[] = [];
  #waiting: { resolve(): void; reject(error: unknown): void }[] = [];
  #running: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(directory: string, clusterId: string, { generation, length }: Recovered) {
    this.#directory = directory;
    this.#clusterId = clusterId;
    this.#generation = generation;
    this.#length = length;
    this.#allocated = length;
  }

  /** Opens the log; a store that has no snapshot yet gets one. */
  async open(store: KeyStore, hasSnapshot: boolean): Promise<void> {
    this.#store = store;
    this.#file = await openLog(this.#directory, this.#generation);
    await this.#file.truncate(this.#length);
    if (!hasSnapshot) await this.#writeSnapshot(this.#generation, store.save());
  }

  append(event: KeyEvent): void {
    this.#pending.push(`${encodeLine(event)}\n`);
    this.#start();
  }

  /** Resolves when everything appended until now is on disk; rejects when the disk refuses it. */
  durable(): Promise<void> {
    if (this.#pending.length === 0 && !this.#running) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#start();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.durable().catch(() => {}); // the caller was told when it happened
    await this.#running;
    await this.#file?.truncate(this.#length).catch(() => {}); // the zeros do no harm
    await this.#file?.close();
  }

  #start(): void {
    if (this.#running || (this.#retry && !this.#closed)) return;
    // One turn later, so that what is written together is flushed together.
    this.#running = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#run());
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0 || this.#waiting.length > 0) {
      const batch = this.#pending;
      const waiting = this.#waiting;
      this.#pending = [];
      this.#waiting = [];
      try {
        await this.#write(batch);
        for (const { resolve } of waiting) resolve();
      } catch (error) {
        this.#pending = [...batch, ...this.#pending];
        for (const { reject } of [...waiting, ...this.#waiting.splice(0)]) reject(error);
        this.#retryLater();
        break;
      }
    }
    this.#running = undefined;
  }

  async #write(batch: string[]): Promise<void> {
    if (batch.length === 0) return;
    const text = Buffer.from(batch.join(''));
    const end = this.#length + text.length;
    const bytes = end > this.#allocated ? Buffer.concat([text], text.length + growth) : text;
    // At a position, so that what a failed attempt left behind is overwritten.
    for (let at = 0; at < bytes.length; ) {
      at += (await this.#file!.write(bytes, at, bytes.length - at, this.#length + at)).bytesWritten;
    }
    if (!writesAreDurable) await this.#file!.datasync();
    this.#allocated = Math.max(this.#allocated, this.#length + bytes.length);
    this.#length = end;
    // The changes are safe; should this fail, the log only grows on until the next attempt.
    if (this.#length > longestLog) await this.#rotate().catch(() => {});
  }

  /** The next log is begun before the snapshot counts, so a crash at any point leaves a whole chain. */
  async #rotate(): Promise<void> {
    const generation = this.#generation + 1;
    const next = await openLog(this.#directory, generation);
    // Taken now: what is still pending is in the snapshot already and must not be replayed on top of it.
    const state = this.#store!.save();
    const contained = this.#pending.splice(0);
    try {
      await this.#writeSnapshot(generation, state);
    } catch (error) {
      this.#pending = [...contained, ...this.#pending];
      await next.close();
      throw error;
    }
    await this.#file!.close();
    rmSync(join(this.#directory, `log-${this.#generation}`), { force: true });
    this.#file = next;
    this.#generation = generation;
    this.#length = 0;
    this.#allocated = 0;
  }

  async #writeSnapshot(generation: number, state: StoreState): Promise<void> {
    const snapshot: Snapshot = { format: 1, generation, clusterId: this.#clusterId, state };
    const path = join(this.#directory, 'snapshot.json');
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(encodeLine(snapshot));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }

  #retryLater(): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      if (this.#pending.length > 0) this.#start();
    }, retryMs).unref();
  }
}

function openLog(directory: string, generation: number): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT | (writesAreDurable ? constants.O_DSYNC : 0);
  return open(join(directory, `log-${generation}`), flags, 0o600);
}

/** Without the zeros at the end. */
function writtenLength(bytes: Buffer): number {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length--;
  return length;
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

function encodeLine(value: unknown): string {
  const text = JSON.stringify(value);
  return `${crc32(text).toString(16).padStart(8, '0')} ${text}`;
}

function decodeLine(line: string): unknown {
  const text = line.slice(9);
  return line.slice(0, 8) === crc32(text).toString(16).padStart(8, '0') ? JSON.parse(text) : undefined;
}
