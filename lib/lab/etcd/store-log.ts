// Keeps a store on disk: what changes together is written together, and a log that got long is replaced by a snapshot.
import { rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import type { KeyStore } from './key-store.ts';
import { LogFile } from './log-file.ts';
import { encodeLine, logFile, type Recovered, type Snapshot, snapshotFile } from './store-recovery.ts';
import type { StoreState } from './store-state.ts';
import { encodeRecord, type KeyEvent } from './wire.ts';

/** A longer log is replaced by a snapshot; replaying this much takes about 50 ms. */
const longestLog = 4 * 1024 * 1024;
/** From here on the next log is made ready, so that nobody has to wait for it. */
const almostLongest = longestLog - 512 * 1024;
/** The next batch is on its way while the one before it waits for the disk. */
const mostUnderWay = 2;
/** How long to wait before writing again to a disk that refused. */
const retryMs = 1000;

/** Lines that go to the disk together. */
interface Batch {
  lines: string[];
  size: number;
  status: 'open' | 'under way' | 'written' | 'failed';
  error: unknown;
  /** Settles when this and everything before it is on disk. */
  safe: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

export class StoreLog {
  #directory: string;
  #clusterId: string;
  #store: KeyStore | undefined;
  #file: LogFile | undefined;
  #generation: number;
  /** The oldest log that is still there. */
  #oldest: number;
  /** So many bytes of the file are on disk without a gap. */
  #safeLength: number;
  #batch = newBatch();
  #underWay: Batch[] = [];
  #isScheduled = false;
  #retry: NodeJS.Timeout | undefined;
  /** The next log, from the moment on when it is being made ready. */
  #spare: { file: LogFile | undefined } | undefined;
  /** A snapshot is being written. */
  #isSaving = false;
  /** What nobody waits for but `close`. */
  #background = new Set<Promise<unknown>>();
  #closed = false;

  constructor(directory: string, clusterId: string, { snapshot, generation, length }: Recovered) {
    this.#directory = directory;
    this.#clusterId = clusterId;
    this.#oldest = snapshot?.generation ?? generation;
    this.#generation = generation;
    this.#safeLength = length;
  }

  /** Opens the log; a store that has no snapshot yet gets one. */
  async open(store: KeyStore, hasSnapshot: boolean): Promise<void> {
    this.#store = store;
    this.#file = await LogFile.open(logFile(this.#directory, this.#generation), this.#safeLength);
    if (!hasSnapshot) await this.#writeSnapshot(this.#generation, store.save());
    this.#inBackground(this.#file.prepare());
  }

  append(event: KeyEvent): void {
    this.#batch.lines.push(encodeLine(encodeRecord(event)));
    this.#schedule();
  }

  /** Resolves when everything appended until now is on disk, rejects when the disk refuses it; undefined when nothing is missing. */
  unsaved(): Promise<void> | undefined {
    if (this.#batch.lines.length > 0) {
      this.#schedule();
      return this.#batch.safe;
    }
    return this.#underWay.at(-1)?.safe;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#endRetry();
    await this.unsaved()?.catch(() => {}); // the caller was told when it happened
    this.#endRetry();
    await Promise.all(this.#background);
    if (this.#spare?.file) {
      await this.#spare.file.close();
      rmSync(logFile(this.#directory, this.#generation + 1), { force: true });
    }
    await this.#file?.close();
  }

  /** One turn later, so that what is written together is flushed together. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#start();
    });
  }

  #start(): void {
    if (this.#batch.lines.length === 0 || this.#underWay.length >= mostUnderWay || this.#retry || !this.#file) return;
    if (this.#underWay.some(({ status }) => status === 'failed')) return;
    if (this.#spare?.file && !this.#isSaving && this.#file.length > longestLog) {
      if (this.#underWay.length > 0) return; // the last one to be safe starts again
      this.#rotate(this.#spare.file);
    } else if (!this.#spare && this.#file.length > almostLongest) this.#makeSpare();
    const batch = this.#batch;
    this.#batch = newBatch();
    this.#underWay.push(batch);
    batch.status = 'under way';
    batch.lines.push('');
    const bytes = Buffer.from(batch.lines.join('\n'));
    batch.lines.pop();
    batch.size = bytes.length;
    this.#file.write(bytes).then(
      () => this.#settle(batch, 'written'),
      (error) => {
        batch.error = error;
        this.#settle(batch, 'failed');
      },
    );
  }

  #settle(batch: Batch, status: 'written' | 'failed'): void {
    batch.status = status;
    while (this.#underWay[0]?.status === 'written') {
      const safe = this.#underWay.shift()!;
      this.#safeLength += safe.size;
      safe.resolve();
    }
    const failed = this.#underWay.find((each) => each.status === 'failed');
    if (!failed) this.#start();
    else if (this.#underWay.every((each) => each.status !== 'under way')) this.#giveBack(failed.error);
  }

  /** What could not be written goes to the front of what is to be written next, and all who wait are told. */
  #giveBack(error: unknown): void {
    const batches = [...this.#underWay, this.#batch];
    this.#underWay = [];
    this.#batch = newBatch();
    this.#batch.lines = batches.flatMap(({ lines }) => lines);
    this.#file!.rewind(this.#safeLength);
    for (const { reject } of batches) reject(error);
    if (this.#closed) return;
    this.#retry = setTimeout(() => {
      this.#endRetry();
      this.#start();
    }, retryMs).unref();
  }

  #endRetry(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  #makeSpare(): void {
    const spare: { file: LogFile | undefined } = { file: undefined };
    this.#spare = spare;
    const opening = LogFile.open(logFile(this.#directory, this.#generation + 1), 0).then(async (file) => {
      await file.prepare().catch(() => {}); // its first write tries again
      spare.file = file;
    });
    this.#inBackground(
      opening.catch(() => {
        this.#spare = undefined; // until the next write, the log just grows on
      }),
    );
  }

  /**
   * Goes on in the next log. What waits to be written is in the snapshot already and goes into that log as well: who reads
   * both skips what he has. The old logs are deleted when the snapshot counts, so a crash at any point leaves a whole chain.
   */
  #rotate(next: LogFile): void {
    const full = this.#file!;
    this.#file = next;
    this.#spare = undefined;
    this.#safeLength = 0;
    const generation = ++this.#generation;
    this.#isSaving = true;
    const snapshot = this.#writeSnapshot(generation, this.#store!.save())
      .then(() => {
        for (; this.#oldest < generation; this.#oldest++) rmSync(logFile(this.#directory, this.#oldest), { force: true });
      })
      .finally(() => {
        this.#isSaving = false;
      });
    this.#inBackground(full.close());
    this.#inBackground(snapshot);
  }

  async #writeSnapshot(generation: number, state: StoreState): Promise<void> {
    const snapshot: Snapshot = { format: 1, generation, clusterId: this.#clusterId, state };
    const path = snapshotFile(this.#directory);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(encodeLine(JSON.stringify(snapshot)));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }

  /** A failure does no harm: what is on disk counts as before, and the next occasion tries again. */
  #inBackground(work: Promise<unknown>): void {
    const tracked: Promise<unknown> = work.catch(() => {}).then(() => this.#background.delete(tracked));
    this.#background.add(tracked);
  }
}

function newBatch(): Batch {
  let [resolve, reject]: [() => void, (error: unknown) => void] = [() => {}, () => {}];
  const safe = new Promise<void>((...settle) => {
    [resolve, reject] = settle;
  });
  safe.catch(() => {}); // often nobody waits
  return { lines: [], size: 0, status: 'open', error: undefined, safe, resolve, reject };
}
