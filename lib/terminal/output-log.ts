/**
 * A terminal's output: the last 2 MiB of it, addressed by the byte since the terminal began. Kept in slabs that are written once and never
 * used again, so that a reader gets views instead of copies and may keep them.
 */

/** A reader that takes whole slabs gets the largest views there are. */
export const slabSize = 64 * 1024;
const slabLimit = 32;

export interface OutputLog {
  /** The oldest byte still there. */
  readonly start: number;
  /** Where the next byte will be. */
  readonly end: number;
  append(bytes: Uint8Array): void;
  /** A view from `offset` on, at most `limit` bytes and never across a slab; empty at the end of the log. Throws outside of it. */
  read(offset: number, limit: number): Buffer;
  /** The bytes from `from` to `to`, as far as they are still there, as views that follow each other. */
  views(from: number, to: number): Buffer[];
  /** The same in one piece, copied. */
  slice(from: number, to: number): Buffer;
}

/** @param first the offset of its first byte: an earlier log may have ended there */
export function createOutputLog(first = 0): OutputLog {
  const slabs: Buffer[] = [];
  /** The number, counted from the terminal's beginning, of the first slab that is still there. */
  let firstSlab = Math.floor(first / slabSize);
  let end = first;
  const log: OutputLog = {
    get start() {
      return Math.max(first, firstSlab * slabSize);
    },
    get end() {
      return end;
    },
    append(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const within = end % slabSize;
        if (within === 0 || slabs.length === 0) addSlab();
        const part = bytes.subarray(at, at + slabSize - within);
        slabs.at(-1)!.set(part, within);
        end += part.length;
        at += part.length;
      }
    },
    read(offset, limit) {
      if (offset < log.start || offset > end) throw new RangeError(`Byte ${offset} is not in the log, which has ${log.start} to ${end}.`);
      const slab = slabs[Math.floor(offset / slabSize) - firstSlab];
      if (!slab) return Buffer.alloc(0);
      const within = offset % slabSize;
      return slab.subarray(within, within + Math.min(limit, slabSize - within, end - offset));
    },
    views(from, to) {
      const views: Buffer[] = [];
      for (let at = Math.max(from, log.start); at < Math.min(to, end); at += views.at(-1)!.length) {
        views.push(log.read(at, Math.min(to, end) - at));
      }
      return views;
    },
    slice: (from, to) => Buffer.concat(log.views(from, to)),
  };
  return log;

  function addSlab(): void {
    slabs.push(Buffer.allocUnsafeSlow(slabSize));
    if (slabs.length <= slabLimit) return;
    slabs.shift();
    firstSlab += 1;
  }
}

/**
 * Where a newcomer begins to read: as far back as `bytes`, but at the start of a line, so that neither an escape sequence nor a character
 * is cut in two.
 */
export function findReplayStart(log: OutputLog, bytes: number): number {
  const earliest = Math.max(log.start, log.end - bytes);
  if (earliest === 0) return 0;
  for (let at = earliest; at < log.end; ) {
    const view = log.read(at, slabSize);
    const newline = view.indexOf(0x0a);
    if (newline >= 0) return at + newline + 1;
    at += view.length;
  }
  return earliest;
}
