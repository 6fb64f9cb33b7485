// A file that is written from front to back, where a write is over when the disk has it.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** It grows by this much at a time, in zeros: a write that changes no file's length takes half the time to be safe. */
const growth = 1024 * 1024;
/** Where each write waits for the disk by itself it takes one call instead of two; elsewhere it does not reach the disk itself. */
const writesAreDurable = process.platform === 'linux';

export class LogFile {
  #handle: FileHandle;
  /** How much is written or being written. */
  #end: number;
  /** How long the file is, with the zeros at its end. */
  #allocated: number;
  #growing: Promise<void> | undefined;

  private constructor(handle: FileHandle, length: number) {
    this.#handle = handle;
    this.#end = length;
    this.#allocated = length;
  }

  /** Keeps the first `length` bytes of what is there. */
  static async open(path: string, length: number): Promise<LogFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | (writesAreDurable ? constants.O_DSYNC : 0);
    const handle = await open(path, flags, 0o600);
    await handle.truncate(length);
    return new LogFile(handle, length);
  }

  get length(): number {
    return this.#end;
  }

  /** Makes room before it is needed. */
  async prepare(): Promise<void> {
    if (this.#allocated - this.#end < growth / 2) await this.#grow(growth);
  }

  /** Several may be under way; each goes behind the one before. */
  async write(bytes: Buffer): Promise<void> {
    const position = this.#end;
    const end = position + bytes.length;
    this.#end = end;
    while (end > this.#allocated) await this.#grow(end - this.#allocated + growth);
    this.prepare().catch(() => {}); // whoever needs the room will hear of it
    await this.#put(bytes, position);
  }

  /** Forgets everything behind `length`. No write may be under way. */
  rewind(length: number): void {
    this.#end = length;
  }

  /** No write may be under way. */
  async close(): Promise<void> {
    await this.#growing?.catch(() => {});
    await this.#handle.truncate(this.#end).catch(() => {}); // the zeros do no harm
    await this.#handle.close();
  }

  #grow(size: number): Promise<void> {
    this.#growing ??= this.#put(Buffer.alloc(size), this.#allocated)
      .then(() => {
        this.#allocated += size;
      })
      .finally(() => {
        this.#growing = undefined;
      });
    return this.#growing;
  }

  async #put(bytes: Buffer, position: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      at += (await this.#handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
    }
    if (!writesAreDurable) await this.#handle.datasync();
  }
}
