// Reads tar archives as Docker and others write them: ustar, with pax and GNU long names. Trusts nothing in them.
import { blockSize, headerChecksum, padding } from './tar-write.ts';

export interface TarLimits {
  /** Entries in one archive. */
  entries: number;
  /** Bytes of all bodies together. */
  bytes: number;
  /** Segments in a name. */
  depth: number;
}

/** Generous for an image of a Node program, small enough that a hostile one cannot fill a disk. */
export const layerLimits: TarLimits = { entries: 50_000, bytes: 512 * 1024 * 1024, depth: 32 };

export interface TarItem {
  type: 'file' | 'directory' | 'symlink';
  /** Relative, without `.` segments or a slash at the end; the archive's root itself is `''`. */
  name: string;
  /** Permission bits only: set-user-id, set-group-id and sticky are gone. */
  mode: number;
  size: number;
  /** Of a symlink: relative, and inside the root. Else empty. */
  target: string;
  /** The file's bytes. What is left unread is skipped. */
  body: AsyncIterable<Buffer>;
}

const typeNames: Record<string, TarItem['type']> = { '\0': 'file', '0': 'file', '7': 'file', '2': 'symlink', '5': 'directory' };
const refusedTypes: Record<string, string> = { '1': 'a hard link', '3': 'a device', '4': 'a device', '6': 'a named pipe' };

/** A pax or GNU header that carries a name is never longer than this. */
const longNameBytes = 64 * 1024;

export async function* readTar(source: AsyncIterable<Buffer>, limits: TarLimits = layerLimits): AsyncGenerator<TarItem> {
  const reader = new BlockReader(source);
  try {
    yield* readItems(reader, limits);
  } finally {
    await reader.close();
  }
}

async function* readItems(reader: BlockReader, limits: TarLimits): AsyncGenerator<TarItem> {
  let long: { path?: string; linkpath?: string } = {};
  let entries = 0;
  let bytes = 0;
  for (;;) {
    const block = await reader.take(blockSize);
    if (!block || block.every((byte) => byte === 0)) {
      await reader.drain();
      return;
    }
    if (readOctal(block, 148, 8) !== headerChecksum(block)) throw new Error('The layer is damaged: a tar header has a wrong checksum.');
    const flag = String.fromCharCode(block[156]!);
    const size = readOctal(block, 124, 12);
    if (++entries > limits.entries) throw new Error(`The layer has more than ${limits.entries} entries, so it is refused.`);
    bytes += size;
    if (bytes > limits.bytes) throw new Error(`The layer unpacks to more than ${limits.bytes} bytes, so it is refused.`);

    if (flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K') {
      if (size > longNameBytes) throw new Error('The layer has an overlong name, so it is refused.');
      const body = await reader.require(size);
      await reader.require(padding(size));
      if (flag === 'x') long = { ...long, ...readPax(body) };
      if (flag === 'L') long.path = text(body, 0, size);
      if (flag === 'K') long.linkpath = text(body, 0, size);
      continue;
    }

    const rawName = long.path ?? ustarName(block);
    const type = typeNames[flag];
    if (!type)
      throw new Error(`The layer holds ${refusedTypes[flag] ?? `an entry of type "${flag}"`} (${printable(rawName)}), which is refused.`);
    const name = safeName(rawName, limits.depth);
    const target = type === 'symlink' ? safeTarget(name, long.linkpath ?? text(block, 157, 100)) : '';
    long = {};

    const length = type === 'file' ? size : 0;
    const rest = { left: length };
    yield { type, name, mode: readOctal(block, 100, 8) & 0o777, size: length, target, body: reader.stream(rest) };
    await reader.skip(rest.left + (size - length) + padding(size));
  }
}

/** A name that can only lead to a place under the root, or an error. */
export function safeName(raw: string, depth: number = layerLimits.depth): string {
  if (raw.startsWith('/') || raw.includes('\0') || raw.includes('\\'))
    throw new Error(`The layer's path ${printable(raw)} is refused: it must be relative.`);
  const segments = raw.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) throw new Error(`The layer's path ${printable(raw)} is refused: it leads out of the image.`);
  if (segments.length > depth) throw new Error(`The layer's path ${printable(raw)} is refused: it has more than ${depth} segments.`);
  return segments.join('/');
}

/**
 * `..` is allowed at the start of a target only: there it climbs real directories, so counting is exact. After a name, which
 * may be another link, it could climb further than it looks.
 */
function safeTarget(name: string, target: string): string {
  const refuse = () => new Error(`The layer's link ${printable(name)} → ${printable(target)} is refused: it leads out of the image.`);
  if (!target || target.startsWith('/') || target.includes('\0')) throw refuse();
  const segments = target.split('/').filter((segment) => segment !== '' && segment !== '.');
  const climbs = segments.findIndex((segment) => segment !== '..');
  const ups = climbs === -1 ? segments.length : climbs;
  if (segments.slice(ups).includes('..') || ups > name.split('/').length - 1) throw refuse();
  return target;
}

function ustarName(block: Buffer): string {
  const prefix = text(block, 257, 5) === 'ustar' ? text(block, 345, 155) : '';
  return prefix ? `${prefix}/${text(block, 0, 100)}` : text(block, 0, 100);
}

/** pax records: `LENGTH key=value\n`. Only names matter here. */
function readPax(body: Buffer): { path?: string; linkpath?: string } {
  const found: { path?: string; linkpath?: string } = {};
  let offset = 0;
  while (offset < body.length) {
    const space = body.indexOf(0x20, offset);
    const length = Number(body.toString('latin1', offset, space));
    if (space === -1 || !Number.isInteger(length) || length < space - offset + 3 || offset + length > body.length) {
      throw new Error('The layer is damaged: a pax header cannot be read.');
    }
    const record = body.toString('utf8', space + 1, offset + length - 1);
    const equals = record.indexOf('=');
    const key = record.slice(0, equals);
    // The size field of a huge file would come here; the byte limit is far below that.
    if (key === 'path' || key === 'linkpath') found[key] = record.slice(equals + 1);
    offset += length;
  }
  return found;
}

function readOctal(block: Buffer, start: number, width: number): number {
  const digits = block
    .toString('latin1', start, start + width)
    .replace(/\0.*$/s, '')
    .trim();
  if (!/^[0-7]*$/.test(digits)) throw new Error('The layer is damaged: a tar header holds a number that is none.');
  return digits ? Number.parseInt(digits, 8) : 0;
}

function text(block: Buffer, start: number, width: number): string {
  const end = block.indexOf(0, start);
  return block.toString('utf8', start, end === -1 || end > start + width ? start + width : end);
}

/** Names come from strangers and end up in terminals. */
function printable(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name);
}

/** Cuts a stream of chunks of any size into the pieces asked for. */
class BlockReader {
  #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Exactly `size` bytes, or null at the end of the stream. */
  async take(size: number): Promise<Buffer | null> {
    const pieces: Buffer[] = [];
    let wanted = size;
    while (wanted > 0) {
      const piece = await this.#next(wanted);
      if (!piece) {
        if (wanted === size) return null;
        throw new Error('The layer is damaged: it ends in the middle.');
      }
      pieces.push(piece);
      wanted -= piece.length;
    }
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  async require(size: number): Promise<Buffer> {
    const bytes = await this.take(size);
    if (!bytes) throw new Error('The layer is damaged: it ends in the middle.');
    return bytes;
  }

  async *stream(rest: { left: number }): AsyncGenerator<Buffer> {
    while (rest.left > 0) {
      const piece = await this.#next(rest.left);
      if (!piece) throw new Error('The layer is damaged: it ends in the middle.');
      rest.left -= piece.length;
      yield piece;
    }
  }

  async skip(size: number): Promise<void> {
    for await (const _ of this.stream({ left: size }));
  }

  /** Reads to the end, so that whoever hashes the stream has seen all of it. */
  async drain(): Promise<void> {
    while (await this.#next(Number.POSITIVE_INFINITY));
  }

  /** Lets the source release what it holds, also when nobody wants the rest. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  /** At most `size` bytes of what comes next; never empty; null at the end. */
  async #next(size: number): Promise<Buffer | null> {
    while (this.#rest.length === 0) {
      const step = await this.#source.next();
      if (step.done) return null;
      this.#rest = step.value;
    }
    const piece = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }
}
