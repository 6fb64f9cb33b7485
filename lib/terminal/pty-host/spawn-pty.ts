/**
 * One pty over node-pty's native half. Its JavaScript half loses the tail of the output when a program ends fast (the kernel reports
 * hang-up together with a short read, and libuv takes that for the end), reports every exit 200 ms late, and retries a write to a program
 * that does not read in a busy loop.
 */
import { closeSync, constants, openSync, readSync, statSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants as osConstants } from 'node:os';
import { dirname, join } from 'node:path';
import { ReadStream } from 'node:tty';

export interface SpawnOptions {
  file: string;
  args: string[];
  directory: string;
  environment: Record<string, string>;
  size: { cols: number; rows: number };
}

export interface SpawnedPty {
  readonly pid: number;
  write(bytes: Buffer): void;
  discardInput(): void;
  resize(size: { cols: number; rows: number }): void;
  pause(): void;
  resume(): void;
}

export interface SpawnHandlers {
  /** The buffer is used again afterwards: copy what must stay. */
  onOutput(bytes: Uint8Array): void;
  /** After the last byte of output. */
  onExit(exit: { status: number | null; signal: string | null }): void;
  /** The program does not read and the queue is full: so many bytes were dropped. */
  onInputLost(bytes: number): void;
}

interface NativeModule {
  fork(
    file: string,
    args: string[],
    environment: string[],
    directory: string,
    cols: number,
    rows: number,
    uid: number,
    gid: number,
    utf8: boolean,
    helper: string,
    onExit: (status: number, signal: number) => void,
  ): { fd: number; pid: number; pty: string };
  resize(fd: number, cols: number, rows: number, pixelWidth: number, pixelHeight: number): void;
}

const require = createRequire(import.meta.url);
const packageDirectory = dirname(require.resolve('node-pty/package.json'));
const native: { dir: string; module: NativeModule } = require('node-pty/lib/utils.js').loadNativeModule('pty');
const helper = join(packageDirectory, 'lib', native.dir, 'spawn-helper');

/** How often a write is tried again while the program does not read. */
const inputRetryMs = 5;
const inputLimit = 4 * 1024 * 1024;
/** A background job may go on writing for ever; what the program itself left behind is never more than the kernel's buffer. */
const drainLimit = 1024 * 1024;
const readSize = 64 * 1024;

const masters = new Set<number>();

/** Starts a program on a pty of its own. Throws with a sentence when its directory or its file is missing. */
export function spawnPty(options: SpawnOptions, handlers: SpawnHandlers): SpawnedPty {
  requireDirectory(options.directory);
  requireFile(options.file);
  const buffer = Buffer.allocUnsafeSlow(readSize);
  const { fd, pid, pty } = fork(options, finish);
  // While somebody holds the other side open, the kernel reports no hang-up and every byte can be read.
  let hold = openHold(pty);
  let open = true;
  // `onread` is net.Socket's: bytes land in one buffer that is used again, not in a fresh 64 KiB one per read.
  const stream = new ReadStream(fd, {
    onread: {
      buffer,
      callback(length: number) {
        handlers.onOutput(buffer.subarray(0, length));
        return true;
      },
    },
  } as never);
  stream.on('error', () => {});
  stream.resume();

  let input: Buffer[] = [];
  let inputLength = 0;
  let retry: NodeJS.Timeout | undefined;

  return {
    pid,
    write(bytes) {
      if (!open || bytes.length === 0) return;
      if (inputLength + bytes.length > inputLimit) return handlers.onInputLost(bytes.length);
      input.push(bytes);
      inputLength += bytes.length;
      if (!retry) writeInput();
    },
    discardInput() {
      input = [];
      inputLength = 0;
    },
    resize({ cols, rows }) {
      if (open) native.module.resize(fd, cols, rows, 0, 0);
    },
    pause: () => open && stream.pause(),
    resume: () => open && stream.resume(),
  };

  function writeInput(): void {
    retry = undefined;
    while (open && input.length > 0) {
      const next = input[0]!;
      try {
        const written = writeSync(fd, next);
        inputLength -= written;
        if (written === next.length) input.shift();
        else input[0] = next.subarray(written);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
        retry = setTimeout(writeInput, inputRetryMs);
        return;
      }
    }
  }

  function finish(status: number, signal: number): void {
    clearTimeout(retry);
    if (hold >= 0) closeSync(hold);
    hold = -1;
    drain();
    open = false;
    masters.delete(fd);
    stream.destroy();
    handlers.onExit({ status: signal > 0 ? null : status, signal: signal > 0 ? signalName(signal) : null });
  }

  /** Reads to the end: EIO when nobody holds the other side any more, EAGAIN when a background job still does. */
  function drain(): void {
    for (let total = 0; total < drainLimit; ) {
      let length = 0;
      try {
        length = readSync(fd, buffer, 0, readSize, null);
      } catch {
        return;
      }
      if (length === 0) return;
      total += length;
      handlers.onOutput(buffer.subarray(0, length));
    }
  }
}

function fork({ file, args, directory, environment, size }: SpawnOptions, onExit: (status: number, signal: number) => void) {
  const variables = Object.entries({ TERM: 'xterm-256color', ...environment, PWD: directory }).map(([name, value]) => `${name}=${value}`);
  const plugs: number[] = [];
  try {
    plugGaps(plugs);
    const pty = native.module.fork(file, args, variables, directory, size.cols, size.rows, -1, -1, true, helper, onExit);
    masters.add(pty.fd);
    return pty;
  } catch (error) {
    throw new Error(`${file} could not be started: ${shortage()}. Close some programs or terminals and try again.`, { cause: error });
  } finally {
    for (const plug of plugs) closeSync(plug);
  }
}

/** What is missing when a fork fails, which node-pty does not say. */
function shortage(): string {
  try {
    closeSync(openSync('/dev/null', 'r'));
    return 'this computer has no memory, process or terminal left for it';
  } catch (error) {
    return `too many files are open (${(error as NodeJS.ErrnoException).code})`;
  }
}

/**
 * node-pty marks descriptors close-on-exec one after the other and stops at the first gap above 15, so a master beyond a gap would leak
 * into the new program. Fills the gaps below the highest master; the caller closes what it gets.
 */
function plugGaps(plugs: number[]): void {
  const highest = Math.max(...masters, 0);
  while ((plugs.at(-1) ?? 0) < highest) plugs.push(openSync('/dev/null', 'r'));
}

function openHold(pty: string): number {
  try {
    return openSync(pty, constants.O_RDWR | constants.O_NOCTTY);
  } catch {
    return -1;
  }
}

function requireDirectory(directory: string): void {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`The directory ${directory} does not exist; create it or choose another.`);
  }
}

function requireFile(file: string): void {
  if (file.includes('/') && !statSync(file, { throwIfNoEntry: false })?.isFile()) {
    throw new Error(`The program ${file} does not exist; install it or correct its path.`);
  }
}

function signalName(number: number): string {
  return Object.entries(osConstants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}
