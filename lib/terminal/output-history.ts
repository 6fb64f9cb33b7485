/**
 * A terminal's output on disk, so that it is there again after a restart: a folder of segments, each named after the offset of its first
 * byte and only ever appended to. Plain bytes, so a torn tail is only a shorter one.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { OutputLog } from './output-log.ts';

export interface OutputHistory {
  /** Names this life of the log; a page that comes back with another one's offset may have seen bytes that never reached the disk. */
  readonly id: string;
  /** What was there, and where it begins in the log. */
  readonly restored: { start: number; bytes: Buffer };
  /** Where the shell was; null when nothing is known. */
  readonly directory: string | null;
  /** What the shell had exported, as commands. */
  readonly exports: string;
  /** Whether what lies before `offset` of the log called `id` is the same as in this one. */
  shares(id: string, offset: number): boolean;
  /** Writes what was appended to the log, soon. */
  appended(log: OutputLog): void;
  /** The shell is at a prompt. */
  moved(directory: string, exports: string): void;
  /** Writes what is missing. */
  close(): Promise<void>;
}

export interface OutputHistoryOptions {
  /** The terminal's own folder; made if it is missing. */
  folder: string;
  /** A sentence when the output cannot be written, null when it can again. Until then it is kept in memory as far as that reaches. */
  failing: (message: string | null) => void;
}

/** Under load output is gathered; what a crash costs is at most this. */
const writeMs = 200;
const retryMs = 1000;
const segmentSize = 1024 * 1024;
/** As much as the log in memory holds. */
const kept = 2 * 1024 * 1024;

export function openOutputHistory({ folder, failing }: OutputHistoryOptions): OutputHistory {
  const id = randomUUID();
  const previous = readLife(join(folder, 'life.json'));
  const restored = readSegments(folder);
  const sharedEnd = restored.start + restored.bytes.length;
  let directory = previous?.directory ?? null;
  let exports = previous?.exports ?? '';
  /** Everything before it is on disk, or was overtaken by newer output. */
  let written = sharedEnd;
  let segment: { start: number; length: number } | null = null;
  let source: OutputLog | null = null;
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();
  let lifeSaved = false;
  let failed = false;

  saveLife();

  return {
    id,
    restored,
    directory,
    exports,
    shares: (other, offset) => other === id || (other === previous?.id && offset <= sharedEnd),
    appended(log) {
      source = log;
      timer ??= setTimeout(write, writeMs);
    },
    moved(next, nextExports) {
      if (next === directory && nextExports === exports) return;
      directory = next;
      exports = nextExports;
      lifeSaved = false;
      timer ??= setTimeout(write, 0);
    },
    async close() {
      write();
      await writing;
      clearTimeout(timer);
    },
  };

  function write(): void {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(writeAll).then(
      () => {
        if (failed) failing(null);
        failed = false;
      },
      (error: Error) => {
        if (!failed) failing(`The terminals' output cannot be saved in ${folder} (${error.message}). It is kept until the app stops.`);
        failed = true;
        segment = null;
        timer ??= setTimeout(write, retryMs);
        timer.unref();
      },
    );
  }

  async function writeAll(): Promise<void> {
    if (!lifeSaved || failed) saveLife(true);
    // Up to where the log ends now, not until nothing is left: a flood would have it write small pieces without a pause.
    const end = source?.end ?? 0;
    while (source && written < end) {
      if (written < source.start) {
        // More was printed than the log holds: what is in between is gone for everybody.
        written = source.start;
        segment = null;
      }
      if (!segment || segment.length >= segmentSize) segment = { start: written, length: 0 };
      await appendTo(segment, source.views(written, Math.min(source.end, written + segmentSize - segment.length)));
      dropOld();
    }
  }

  /** Opened anew each time: somebody may have removed the folder. */
  async function appendTo(part: { start: number; length: number }, views: Buffer[]): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await open(join(folder, segmentName(part.start)), part.length === 0 ? 'w' : 'a', 0o600);
    try {
      if ((await file.stat()).size !== part.length) {
        segment = null;
        return;
      }
      const { bytesWritten } = await file.writev(views);
      part.length += bytesWritten;
      written += bytesWritten;
    } finally {
      await file.close();
    }
  }

  function dropOld(): void {
    const starts = segmentStarts(folder);
    // A segment ends where the next one begins.
    starts.forEach((start, index) => {
      if ((starts[index + 1] ?? Number.POSITIVE_INFINITY) <= written - kept) rmSync(join(folder, segmentName(start)), { force: true });
    });
  }

  function saveLife(must = false): void {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, 'life.json');
      writeFileSync(`${file}.tmp`, JSON.stringify({ version: 1, id, directory, exports }), { mode: 0o600 });
      renameSync(`${file}.tmp`, file);
      lifeSaved = true;
    } catch (error) {
      if (must) throw error;
      timer ??= setTimeout(write, 0);
    }
  }
}

function segmentName(start: number): string {
  return `${String(start).padStart(16, '0')}.out`;
}

function segmentStarts(folder: string): number[] {
  return readdirSync(folder)
    .filter((name) => /^\d{16}\.out$/.test(name))
    .sort()
    .map((name) => Number.parseInt(name, 10));
}

/** The newest bytes that follow each other without a hole. What cannot be read is as if it had never been printed. */
function readSegments(folder: string): { start: number; bytes: Buffer } {
  let parts: Buffer[] = [];
  let start = 0;
  let end = 0;
  try {
    for (const from of segmentStarts(folder)) {
      const file = join(folder, segmentName(from));
      // Nothing that we wrote is longer.
      if (statSync(file).size > segmentSize) continue;
      const bytes = readFileSync(file);
      if (from !== end || parts.length === 0) {
        parts = [];
        start = from;
      }
      parts.push(bytes);
      end = from + bytes.length;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return { start: end, bytes: Buffer.alloc(0) };
  }
  return { start, bytes: Buffer.concat(parts) };
}

function readLife(file: string): { id: string; directory: string | null; exports?: string } | null {
  try {
    if (statSync(file).size > segmentSize) return null;
    const life = JSON.parse(readFileSync(file, 'utf8'));
    const valid =
      life?.version === 1 &&
      typeof life.id === 'string' &&
      (typeof life.directory === 'string' || life.directory === null) &&
      ['string', 'undefined'].includes(typeof life.exports);
    return valid ? life : null;
  } catch {
    return null; // the first start, or a file that a crash tore apart: then nothing is shared with it
  }
}
