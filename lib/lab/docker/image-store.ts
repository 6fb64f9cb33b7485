// A machine's images: pulled from the registry directory, verified, kept as one OCI layout with a list of names.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { readFileIfPresent, replaceFile } from '#lib/lab/files.ts';
import { ApiError, noSuchImage, realEngineHint } from './api-error.ts';
import { blobPath, type Descriptor, type ImageConfig, readConfig, readIndex, readManifest, tagAnnotation } from './image-layout.ts';
import { formatImageName, type ImageName, parseImageName } from './image-name.ts';
import { layerLimits } from './tar-read.ts';
import { unpackLayer } from './unpack-layer.ts';

export interface StoredImage {
  /** `sha256:…` of the configuration. */
  id: string;
  /** `sha256:…` of the manifest. */
  digest: string;
  /** `repository:tag`; empty once another image has taken the name. */
  names: string[];
  config: ImageConfig;
  layers: Descriptor[];
  /** Packed bytes of all layers. */
  size: number;
}

export interface PullProgress {
  /** First 12 hexadecimal digits of the layer's digest. */
  layer: string;
  status: 'Pulling fs layer' | 'Downloading' | 'Download complete' | 'Already exists';
  /** Bytes so far and in all, while downloading. */
  bytes?: { current: number; total: number };
}

export interface ImageStore {
  list(): StoredImage[];
  /** By name, id or the start of an id; throws Docker's "No such image". */
  find(reference: string): StoredImage;
  /** Resolves with the image and whether it is another one than before. */
  pull(name: ImageName, report: (progress: PullProgress) => void): Promise<{ image: StoredImage; changed: boolean }>;
  /** Takes the name away, and with the last name the image. Answers with what went, as `docker rmi` prints it. */
  remove(reference: string): Promise<{ Untagged?: string; Deleted?: string }[]>;
  /** Makes a directory and fills it with the image's files. */
  unpack(image: StoredImage, root: string): Promise<void>;
}

const savedSchema = z.object({ version: z.literal(1), images: z.array(z.object({ digest: z.string(), names: z.array(z.string()) })) });

/**
 * @param directory the machine's own, such as `…/var/lib/docker`
 * @param registry a directory of image layouts, one per repository
 */
export async function openImageStore(directory: string, registry: string): Promise<ImageStore> {
  const layout = join(directory, 'image');
  const listPath = join(directory, 'images.json');
  await mkdir(join(layout, 'blobs', 'sha256'), { recursive: true, mode: 0o700 });
  let images = await loadImages(layout, listPath);
  let queue: Promise<unknown> = Promise.resolve();

  /** Pulls and removals one after another: both change the same list and the same blobs. */
  function exclusively<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  }

  async function save(next: StoredImage[]): Promise<void> {
    const saved = { version: 1, images: next.map(({ digest, names }) => ({ digest, names })) };
    await replaceFile(listPath, JSON.stringify(saved));
    images = next;
    await removeUnusedBlobs(layout, next);
  }

  function find(reference: string): StoredImage {
    const image = byName(images, reference) ?? byId(images, reference);
    if (!image) throw noSuchImage(reference.includes(':') || reference === '' ? reference : `${reference}:latest`);
    return image;
  }

  async function pull(name: ImageName, report: (progress: PullProgress) => void) {
    const written = formatImageName(name);
    const source = join(registry, name.repository);
    const digest = await findInRegistry(source, name);
    const before = images.find((image) => image.digest === digest);
    await copyImage(source, layout, digest, report);
    const image = before ?? { ...(await loadImage(layout, digest)), names: [] };
    const changed = !image.names.includes(written);
    const others = images
      .filter((other) => other.digest !== digest)
      .map((other) => ({ ...other, names: other.names.filter((taken) => taken !== written) }));
    const named = { ...image, names: [...new Set([...image.names, written])] };
    await save([...others, named]);
    return { image: named, changed };
  }

  async function remove(reference: string) {
    const image = find(reference);
    const named = byName([image], reference) ? formatImageName(parseImageName(reference)) : null;
    const gone = named ? [named] : image.names;
    const names = image.names.filter((name) => !gone.includes(name));
    const others = images.filter((other) => other !== image);
    await save(names.length > 0 ? [...others, { ...image, names }] : others);
    const untagged = gone.map((name) => ({ Untagged: name }));
    return names.length > 0 ? untagged : [...untagged, { Deleted: image.id }];
  }

  return {
    list: () => images,
    find,
    pull: (name, report) => exclusively(() => pull(name, report)),
    remove: (reference) => exclusively(() => remove(reference)),
    async unpack(image, root) {
      await mkdir(root, { recursive: true, mode: 0o755 });
      for (const [index, layer] of image.layers.entries()) {
        await unpackLayer(blobPath(layout, layer.digest), image.config.rootfs.diff_ids[index]!, root);
      }
    },
  };
}

/** Images that cannot be read any more are forgotten; a pull brings them back. */
async function loadImages(layout: string, listPath: string): Promise<StoredImage[]> {
  const text = await readFileIfPresent(listPath);
  const saved = savedSchema.safeParse(parseJson(text ?? ''));
  const loaded: StoredImage[] = [];
  for (const { digest, names } of saved.success ? saved.data.images : []) {
    const image = await loadImage(layout, digest).catch(() => null);
    if (image) loaded.push({ ...image, names });
  }
  return loaded;
}

async function loadImage(layout: string, digest: string): Promise<Omit<StoredImage, 'names'>> {
  const manifest = await readManifest(layout, digest);
  const config = await readConfig(layout, manifest.config.digest);
  if (config.rootfs.diff_ids.length !== manifest.layers.length) {
    throw new Error(`The image ${digest} is refused: it names ${config.rootfs.diff_ids.length} layers but has ${manifest.layers.length}.`);
  }
  for (const layer of manifest.layers) await access(blobPath(layout, layer.digest));
  const size = manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  return { id: manifest.config.digest, digest, config, layers: manifest.layers, size };
}

async function findInRegistry(source: string, name: ImageName): Promise<string> {
  const index = await readIndex(source).catch((error) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    throw new ApiError(
      404,
      `pull access denied for ${name.repository}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied. ${realEngineHint}`,
    );
  });
  const entry = index.manifests.find((manifest) => manifest.annotations?.[tagAnnotation] === name.tag);
  if (!entry) throw new ApiError(404, `manifest for ${formatImageName(name)} not found: manifest unknown: manifest unknown`);
  return entry.digest;
}

/** The manifest goes last: an image whose manifest is here is complete. */
async function copyImage(source: string, layout: string, digest: string, report: (progress: PullProgress) => void): Promise<void> {
  const manifest = await readManifest(source, digest);
  const total = manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  if (total > layerLimits.bytes) throw new Error(`The image has ${total} bytes; more than ${layerLimits.bytes} are refused.`);
  const missing: Descriptor[] = [];
  for (const layer of manifest.layers) {
    const present = await isPresent(layout, layer.digest);
    report({ layer: shortId(layer.digest), status: present ? 'Already exists' : 'Pulling fs layer' });
    if (!present) missing.push(layer);
  }
  for (const layer of missing) {
    const id = shortId(layer.digest);
    await copyBlob(source, layout, layer.digest, (current) =>
      report({ layer: id, status: 'Downloading', bytes: { current, total: layer.size } }),
    );
    report({ layer: id, status: 'Download complete' });
  }
  for (const blob of [manifest.config.digest, digest]) if (!(await isPresent(layout, blob))) await copyBlob(source, layout, blob);
}

/** Copies and hashes in one pass; what does not match its digest never gets its name. */
async function copyBlob(source: string, layout: string, digest: string, report?: (bytes: number) => void): Promise<void> {
  const target = blobPath(layout, digest);
  const temporary = `${target}.new`;
  const hash = createHash('sha256');
  const file = await open(temporary, 'w', 0o600);
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(blobPath(source, digest)) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      await file.writeFile(chunk);
      bytes += chunk.length;
      report?.(bytes);
    }
  } finally {
    await file.close();
  }
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== digest) {
    await rm(temporary, { force: true });
    throw new Error(`The registry's ${digest} has the content of ${actual}, so it is refused. Restart the lab to build the image again.`);
  }
  await rename(temporary, target);
}

/** A blob that was damaged on the disk is as good as missing. */
async function isPresent(layout: string, digest: string): Promise<boolean> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(blobPath(layout, digest)) as AsyncIterable<Buffer>) hash.update(chunk);
  } catch {
    return false;
  }
  return `sha256:${hash.digest('hex')}` === digest;
}

async function removeUnusedBlobs(layout: string, images: StoredImage[]): Promise<void> {
  const used = new Set(images.flatMap((image) => [image.digest, image.id, ...image.layers.map((layer) => layer.digest)]));
  const directory = join(layout, 'blobs', 'sha256');
  for (const name of await readdir(directory)) {
    if (!used.has(`sha256:${basename(name)}`)) await rm(join(directory, name), { force: true });
  }
}

function byName(images: StoredImage[], reference: string): StoredImage | undefined {
  try {
    const name = formatImageName(parseImageName(reference));
    return images.find((image) => image.names.includes(name));
  } catch {
    return undefined; // not a name; it may be an id
  }
}

function byId(images: StoredImage[], reference: string): StoredImage | undefined {
  const prefix = reference.replace(/^sha256:/, '');
  if (!/^[0-9a-f]{4,64}$/.test(prefix)) return undefined;
  const found = images.filter((image) => image.id.startsWith(`sha256:${prefix}`));
  return found.length === 1 ? found[0] : undefined;
}

function shortId(digest: string): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 12);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
