// A container's output as JSON lines, like Docker's json-file driver: `{"log": "…\n", "stream": "stdout", "time": "…"}`.
import { EventEmitter, once } from 'node:events';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import type { OutputStream } from './stream-frames.ts';

export interface LogLine {
  log: string;
  stream: OutputStream;
  /** RFC 3339, UTC. */
  time: string;
}

export interface ContainerLog {
  /** Adds output; false when so much waits for the disk that the program should be paused until `drained`. */
  append(stream: OutputStream, bytes: Buffer): boolean;
  drained(): Promise<void>;
  /** The program ended: what has no line end yet becomes a line; readers that follow come to their end. */
  finish(): Promise<void>;
  /** The program starts (again): readers that follow wait for more. */
  begin(): void;
  /** The last `tail` lines (all with Infinity), then, with `follow`, what comes until the program ends or `signal` aborts. */
  read(options: { tail: number; follow: boolean; signal: AbortSignal }): AsyncGenerator<LogLine>;
  close(): Promise<void>;
}

/** A flooding program keeps two files of this size at most. */
const fileBytes = 10 * 1024 * 1024;
/** Longer lines are cut into entries, as Docker does. */
const lineBytes = 16 * 1024;
const waitingBytes = 1024 * 1024;

export async function openContainerLog(path: string): Promise<ContainerLog> {
  const changes = new EventEmitter().setMaxListeners(0);
  const partial: Record<OutputStream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  let file = await open(path, 'a', 0o600);
  let size = (await file.stat()).size;
  if (size > 0) await file.appendFile('\n'); // a crash may have torn the last entry; the next one begins a line
  let generation = 0;
  let version = 0;
  let waiting = 0;
  let queue = Promise.resolve();
  let finished = true;
  let failure: unknown = null;

  function enqueue(text: string): void {
    const bytes = Buffer.byteLength(text);
    waiting += bytes;
    queue = queue
      .then(async () => {
        if (size > 0 && size + bytes > fileBytes) await rotate();
        await file.appendFile(text);
        size += bytes;
      })
      .catch((error) => {
        failure = error; // a full disk loses log lines, not the container
      })
      .then(() => {
        waiting -= bytes;
        announce();
      });
  }

  function announce(): void {
    version++;
    changes.emit('change');
  }

  async function rotate(): Promise<void> {
    await file.close();
    await rename(path, `${path}.1`);
    file = await open(path, 'a', 0o600);
    size = 0;
    generation++;
  }

  function append(stream: OutputStream, bytes: Buffer): boolean {
    const { lines, rest } = cutLines(partial[stream].length ? Buffer.concat([partial[stream], bytes]) : bytes);
    partial[stream] = rest;
    if (lines.length > 0) enqueue(format(stream, lines));
    return waiting < waitingBytes;
  }

  async function* read({ tail, follow, signal }: { tail: number; follow: boolean; signal: AbortSignal }): AsyncGenerator<LogLine> {
    await queue;
    let current = generation;
    const past = lastLines(tail);
    const old = await openReader(`${path}.1`);
    for (let lines = await old.next(); lines.length > 0; lines = await old.next()) past.add(lines);
    await old.close();
    let reader = await openReader(path);
    try {
      for (let lines = await reader.next(); lines.length > 0; lines = await reader.next()) past.add(lines);
      yield* past.lines;
      while (follow && !signal.aborted) {
        // Looked at before reading: what is written by then is read now, what comes later changes the version.
        const seen = { version, finished, moved: current !== generation };
        const lines = await reader.next();
        yield* lines;
        if (seen.moved) {
          await reader.close();
          current = generation;
          reader = await openReader(path);
        } else if (lines.length === 0) {
          if (seen.finished) return;
          if (version === seen.version) await once(changes, 'change', { signal }).catch(() => undefined);
        }
      }
    } finally {
      await reader.close();
    }
  }

  return {
    append,
    async drained() {
      await queue;
    },
    async finish() {
      for (const stream of ['stdout', 'stderr'] as const) {
        if (partial[stream].length > 0) enqueue(format(stream, [partial[stream].toString()]));
        partial[stream] = Buffer.alloc(0);
      }
      await queue;
      finished = true;
      announce();
      if (failure) console.error(`The container's log ${path} is incomplete:`, failure);
    },
    begin() {
      finished = false;
    },
    read,
    async close() {
      finished = true;
      announce();
      await queue;
      await file.close();
    },
  };
}

/** Keeps the last `tail` lines of what is added. */
function lastLines(tail: number) {
  let lines: LogLine[] = [];
  return {
    get lines() {
      return lines;
    },
    add(more: LogLine[]) {
      lines = [...lines, ...more];
      if (lines.length > tail) lines = tail > 0 ? lines.slice(-tail) : [];
    },
  };
}

/** Reads the entries of a log file that is still being written; none when there is nothing new, or no such file. */
async function openReader(path: string): Promise<{ next(): Promise<LogLine[]>; close(): Promise<void> }> {
  const file: FileHandle | null = await open(path, 'r').catch(() => null);
  const buffer = Buffer.alloc(256 * 1024);
  let rest = '';
  const decoder = new StringDecoder('utf8');
  return {
    async next() {
      for (;;) {
        const { bytesRead } = file ? await file.read(buffer, 0, buffer.length, null) : { bytesRead: 0 };
        if (bytesRead === 0) return [];
        const texts = (rest + decoder.write(buffer.subarray(0, bytesRead))).split('\n');
        rest = texts.pop()!;
        const lines = texts.flatMap(parseLine);
        if (lines.length > 0) return lines;
      }
    },
    async close() {
      await file?.close();
    },
  };
}

/** An entry that a crash tore is left out. */
function parseLine(text: string): LogLine[] {
  if (!text) return [];
  try {
    return [JSON.parse(text) as LogLine];
  } catch {
    return [];
  }
}

function format(stream: OutputStream, lines: string[]): string {
  const time = new Date().toISOString().replace('Z', '000000Z');
  return lines.map((log) => `${JSON.stringify({ log, stream, time } satisfies LogLine)}\n`).join('');
}

/** Whole lines with their ends; what has none yet is kept for later, unless it got too long. */
function cutLines(bytes: Buffer): { lines: string[]; rest: Buffer } {
  const lines: string[] = [];
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(10, start);
    let end = newline === -1 ? bytes.length : newline + 1;
    if (end - start > lineBytes) {
      end = start + lineBytes;
      while (end > start + 1 && (bytes[end]! & 0xc0) === 0x80) end--; // not through the middle of a character
    } else if (newline === -1) break;
    lines.push(bytes.toString('utf8', start, end));
    start = end;
  }
  return { lines, rest: bytes.subarray(start) };
}
