// Writes POSIX ustar archives; the same entries always give the same bytes.

export type TarEntry =
  | { type: 'file'; name: string; mode: number; body: Buffer }
  | { type: 'directory'; name: string; mode: number }
  | { type: 'symlink'; name: string; target: string };

export const blockSize = 512;

/** Times and owners are zero, so that a digest depends on names, modes and contents only. */
export function writeTar(entries: TarEntry[]): Buffer {
  const blocks: Buffer[] = [];
  for (const entry of entries) {
    blocks.push(header(entry));
    if (entry.type === 'file') blocks.push(entry.body, Buffer.alloc(padding(entry.body.length)));
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockSize)]);
}

/** Bytes that fill the last block of a body of `size` bytes. */
export function padding(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

/** The sum of all bytes of a header, its own field counted as spaces. */
export function headerChecksum(block: Buffer): number {
  let sum = 0;
  for (let index = 0; index < blockSize; index++) sum += index >= 148 && index < 156 ? 0x20 : block[index]!;
  return sum;
}

const flags = { file: '0', symlink: '2', directory: '5' };

function header(entry: TarEntry): Buffer {
  const block = Buffer.alloc(blockSize);
  const { prefix, name } = splitName(entry.type === 'directory' ? `${entry.name}/` : entry.name);
  block.write(name, 0);
  block.write(octal(entry.type === 'symlink' ? 0o777 : entry.mode, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(entry.type === 'file' ? entry.body.length : 0, 12), 124);
  block.write(octal(0, 12), 136);
  block.write(flags[entry.type], 156);
  if (entry.type === 'symlink') block.write(fitting(entry.target, 100, entry.name), 157);
  block.write('ustar\u000000', 257);
  block.write(prefix, 345);
  block.write(`${headerChecksum(block).toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** ustar keeps 100 bytes of a name and, cut at a slash, 155 more in front of them. */
function splitName(path: string): { prefix: string; name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path };
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
    const name = path.slice(slash + 1);
    if (name && Buffer.byteLength(name) <= 100) return { prefix: fitting(path.slice(0, slash), 155, path), name };
  }
  throw new Error(`The path ${path} is too long for an image layer. Use shorter names.`);
}

function fitting(text: string, bytes: number, path: string): string {
  if (Buffer.byteLength(text) > bytes) throw new Error(`The path ${path} is too long for an image layer. Use shorter names.`);
  return text;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}
