// The journal's two files on disk: the current one and the one before it. Torn lines are skipped and counted.
import { closeSync, fstatSync, openSync, read, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface JournalFiles {
  readonly damaged: number;
  /** Adds one line of JSON; it reaches the disk within the turn of the event loop, or when the buffer is full. */
  append(line: string): void;
  /** All whole lines, oldest first; the answer is fixed at the call, whatever is appended or rotated while it is read. */
  read(): Promise<string[]>;
  close(): void;
}

/** Together with the file before it, at most 20 MB per machine. */
const rotateAt = 10 * 1000 * 1000;
/** A flood is written in pieces of this size instead of line by line. */
const flushAt = 64 * 1024;
/** What is kept in memory while the disk is full; beyond it the oldest lines are lost. */
const keepAtMost = 1024 * 1024;

const readAt = promisify(read);

export function journalFiles(directory: string, rotateSize = rotateAt): JournalFiles {
  const current = join(directory, 'journal.jsonl');
  const previous = join(directory, 'journal.1.jsonl');
  let file = openSync(current, 'a+', 0o600);
  let size = fstatSync(file).size;
  let lost = 0;
  let damaged = 0;
  let closed = false;
  let pending: string[] = [];
  let pendingSize = 0;
  let scheduled = false;
  /** The file ends in the middle of a line, because a write was cut off by a crash or a full disk. */
  let torn = size > 0 && !endsWithNewline(file, size);

  function flush() {
    scheduled = false;
    if (pending.length === 0) return;
    const bytes = Buffer.from((torn ? '\n' : '') + pending.join(''));
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(file, bytes, written);
      torn = false;
      pending = [];
      pendingSize = 0;
    } catch (error) {
      if (!isFull(error)) throw error;
      keepUnwritten(bytes, written);
    }
    size += written;
    if (size >= rotateSize) rotate();
  }

  /** The disk is full: what could not be written waits for the next entry, within bounds. */
  function keepUnwritten(bytes: Buffer, written: number) {
    if (written === 0) {
      while (pendingSize > keepAtMost) {
        pendingSize -= pending.shift()!.length;
        lost++;
      }
      return;
    }
    // Cut off in a line: that line is damaged in the file, so it is written again whole.
    const lineStart = bytes.lastIndexOf(0x0a, written - 1) + 1;
    torn = lineStart < written;
    pending = [bytes.toString('utf8', lineStart)];
    pendingSize = pending[0]!.length;
  }

  function rotate() {
    closeSync(file);
    renameSync(current, previous);
    file = openSync(current, 'a+', 0o600);
    size = 0;
    torn = false;
  }

  return {
    get damaged() {
      return lost + damaged;
    },
    append(line) {
      if (closed) return; // the last words of a process that outlived the machine's end
      pending.push(`${line}\n`);
      pendingSize += line.length + 1;
      if (pendingSize >= flushAt) flush();
      else if (!scheduled) {
        scheduled = true;
        setImmediate(flush);
      }
    },
    async read() {
      flush();
      const unwritten = pending.join('');
      const older = openIfPresent(previous);
      const newer = openSync(current, 'r');
      // Sizes are taken now, so that entries appended while reading belong to whoever follows.
      const parts = [older, newer].filter((part) => part !== null).map((part) => ({ part, length: fstatSync(part).size }));
      try {
        const texts = await Promise.all(parts.map(({ part, length }) => readWhole(part, length)));
        const lines = [...texts, unwritten].flatMap((text) => text.split('\n')).filter((line) => line !== '');
        const whole = lines.filter(isWhole);
        damaged = lines.length - whole.length;
        return whole;
      } finally {
        for (const { part } of parts) closeSync(part);
      }
    },
    close() {
      if (closed) return;
      flush();
      closed = true;
      closeSync(file);
    },
  };
}

/** A cut-off line lacks its end, and what a crash left behind does not begin like one. */
function isWhole(line: string): boolean {
  return line.startsWith('{') && line.endsWith('}');
}

async function readWhole(file: number, length: number): Promise<string> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await readAt(file, bytes, filled, length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.toString('utf8', 0, filled);
}

function endsWithNewline(file: number, size: number): boolean {
  const last = Buffer.alloc(1);
  return readSync(file, last, 0, 1, size - 1) === 1 && last[0] === 0x0a;
}

function openIfPresent(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null; // nothing was rotated yet
    throw error;
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '');
}
