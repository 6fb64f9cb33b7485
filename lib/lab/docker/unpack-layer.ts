// Lays one image layer over a container's root.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { layerLimits, readTar, type TarItem, type TarLimits } from './tar-read.ts';

/** How much larger than its packed form a layer may be, beyond the first megabyte: a compression bomb unpacks 1000:1. */
const expansionLimit = 100;
const expansionFloor = 1024 * 1024;

/**
 * @param layer a gzip-compressed tar file
 * @param diffId `sha256:…` of the uncompressed tar; rejects when the content differs
 * @param root where to unpack; must be a directory that only the caller writes to
 */
export async function unpackLayer(layer: string, diffId: string, root: string, limits: TarLimits = layerLimits): Promise<void> {
  const hash = createHash('sha256');
  const packedBytes = (await stat(layer)).size;
  const written = new Set<string>();
  for await (const item of readTar(inflate(layer, packedBytes, hash.update.bind(hash)), limits)) {
    if (!item.name) continue;
    if (basename(item.name).startsWith('.wh.')) await applyWhiteout(item.name, root, written);
    else await place(item, root, written);
  }
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== diffId)
    throw new Error(`The layer's content is ${actual}, but the image says ${diffId}. Remove the image and pull it again.`);
}

async function* inflate(layer: string, packedBytes: number, see: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  const limit = Math.max(expansionFloor, packedBytes * expansionLimit);
  let bytes = 0;
  const packed = createReadStream(layer);
  const gunzip = createGunzip();
  packed.on('error', (error) => gunzip.destroy(error));
  for await (const chunk of packed.pipe(gunzip) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limit) throw new Error(`The layer unpacks to more than ${expansionLimit} times its size, so it is refused.`);
    see(chunk);
    yield chunk;
  }
}

async function place(item: TarItem, root: string, written: Set<string>): Promise<void> {
  await makeParents(item.name, root, written);
  const path = join(root, item.name);
  written.add(item.name);
  if (item.type === 'directory') {
    if (!(await isDirectory(path))) {
      await rm(path, { force: true });
      await mkdir(path);
    }
    // Whatever the image says, we must be able to remove it again.
    await chmod(path, item.mode | 0o700);
    return;
  }
  await rm(path, { recursive: true, force: true });
  if (item.type === 'symlink') return symlink(item.target, path);
  // `wx` refuses to follow a link that appeared in between.
  const file = await open(path, 'wx', item.mode | 0o600);
  try {
    for await (const chunk of item.body) await file.writeFile(chunk);
    await file.chmod(item.mode | 0o600);
  } finally {
    await file.close();
  }
}

/** Nothing is ever written through a link: a link in the way of a path becomes an error, not a detour. */
async function makeParents(name: string, root: string, written: Set<string>): Promise<void> {
  const parent = dirname(name);
  if (parent === '.') return;
  await makeParents(parent, root, written);
  const path = join(root, parent);
  const found = await lstat(path).catch(() => null);
  if (!found) {
    await mkdir(path, 0o755);
    written.add(parent);
  } else if (!found.isDirectory()) {
    throw new Error(`The layer's path ${JSON.stringify(name)} is refused: ${JSON.stringify(parent)} is not a directory.`);
  }
}

/** `.wh.NAME` removes what lower layers have there; `.wh..wh..opq` everything in its directory. What this layer wrote stays. */
async function applyWhiteout(name: string, root: string, written: Set<string>): Promise<void> {
  const directory = dirname(name) === '.' ? '' : dirname(name);
  if (directory) await makeParents(`${directory}/x`, root, written);
  const marked = basename(name).slice('.wh.'.length);
  const gone = marked === '.wh..opq' ? await readdir(join(root, directory)) : [marked];
  for (const child of gone) {
    if (child === '' || child === '.' || child === '..')
      throw new Error(`The layer's mark ${JSON.stringify(name)} removes nothing that could be named.`);
    const path = directory ? `${directory}/${child}` : child;
    if (!written.has(path)) await rm(join(root, path), { recursive: true, force: true });
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isDirectory() ?? false;
}
