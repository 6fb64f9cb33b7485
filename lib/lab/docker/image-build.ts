// Builds an image from a folder with a Dockerfile, as an OCI layout. The same folder always gives the same digests.
import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { replaceFile } from '#lib/lab/files.ts';
import { type DockerfileStep, parseDockerfile } from './dockerfile.ts';
import { blobPath, digestOf, type ImageConfig, type ImageManifest, mediaTypes, tagAnnotation, writeBlob } from './image-layout.ts';
import type { ImageName } from './image-name.ts';
import { type TarEntry, writeTar } from './tar-write.ts';

export const tutorialImage: ImageName = { repository: 'pandapup/coreos_reflector', tag: 'latest' };

/** The day of the 2014 walkthrough; a date of its own would give every build another digest. */
const created = '2014-10-24T13:11:00Z';

export interface BuiltImage {
  /** Digest of the configuration: what `docker images` calls the image's id. */
  id: string;
  /** Digest of the manifest: what a registry calls the image. */
  digest: string;
}

/**
 * @param source the folder with the Dockerfile
 * @param registry a directory of image layouts, one per repository
 */
export async function buildImage(source: string, registry: string, name: ImageName = tutorialImage): Promise<BuiltImage> {
  const layout = join(registry, name.repository);
  const { base, steps } = parseDockerfile(await readFile(join(source, 'Dockerfile'), 'utf8'));
  const config: ImageConfig = {
    created,
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['node'], WorkingDir: '/' },
    rootfs: { type: 'layers', diff_ids: [] },
    history: [],
  };
  const manifest: ImageManifest = { schemaVersion: 2, config: { mediaType: mediaTypes.config, digest: '', size: 0 }, layers: [] };

  async function addLayer(entries: TarEntry[], createdBy: string): Promise<void> {
    const tar = writeTar(entries);
    config.rootfs.diff_ids.push(digestOf(tar));
    config.history?.push({ created_by: createdBy });
    manifest.layers.push({ mediaType: mediaTypes.layer, ...(await writeBlob(layout, gzipSync(tar, { level: 9 }))) });
  }

  await addLayer(baseFiles(base), `FROM ${base}`);
  for (const step of steps) {
    const entries = await filesOf(step, source, config.config.WorkingDir ?? '/');
    if (entries.length > 0) await addLayer(entries, step.text);
    else config.history?.push({ created_by: step.text, empty_layer: true });
    applyToConfig(step, config.config);
  }

  manifest.config = { mediaType: mediaTypes.config, ...(await writeBlob(layout, Buffer.from(JSON.stringify(config)))) };
  const stored = await writeBlob(layout, Buffer.from(JSON.stringify({ mediaType: mediaTypes.manifest, ...manifest })));
  const entry = { mediaType: mediaTypes.manifest, ...stored, annotations: { [tagAnnotation]: name.tag } };
  await replaceFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await replaceFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [entry] }));
  await removeOtherBlobs(layout, [stored.digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)]);
  return { id: manifest.config.digest, digest: stored.digest };
}

/** What stands for the base image: Node itself is the computer's own, so only the files that describe a system are left. */
function baseFiles(base: string): TarEntry[] {
  if (!/^node:[\w.-]+$/.test(base)) {
    throw new Error(
      `The tutorial's own builder has a node base image only, not ${base}. Build this image with a real Docker Engine: docker build .`,
    );
  }
  const file = (name: string, body: string): TarEntry => ({ type: 'file', name, mode: 0o644, body: Buffer.from(body) });
  return [
    ...['etc', 'root', 'tmp'].map((name): TarEntry => ({ type: 'directory', name, mode: 0o755 })),
    file('etc/group', 'root:x:0:\nnode:x:1000:\n'),
    file('etc/os-release', `ID=tutorial\nNAME="Tutorial base"\nPRETTY_NAME="Tutorial base for ${base}"\n`),
    file('etc/passwd', 'root:x:0:0:root:/root:/sbin/nologin\nnode:x:1000:1000::/home/node:/sbin/nologin\n'),
  ];
}

async function filesOf(step: DockerfileStep, source: string, workingDir: string): Promise<TarEntry[]> {
  if (step.instruction === 'WORKDIR') return directoriesTo(step.path.slice(1));
  if (step.instruction !== 'COPY') return [];
  const target = posix.resolve(workingDir, step.destination).slice(1);
  const intoDirectory = /(?:^|\/)\.?$/.test(step.destination);
  const entries: TarEntry[] = [];
  for (const written of step.sources) {
    const path = posix.normalize(written).replace(/\/$/, '');
    if (path.startsWith('/') || path.split('/').includes('..'))
      throw new Error(`Dockerfile, line ${step.line}: ${written} is outside of the folder.`);
    const isDirectory = (await describe(join(source, path), step)).isDirectory();
    entries.push(...(await collect(join(source, path), isDirectory || !intoDirectory ? target : posix.join(target, basename(path)), step)));
  }
  return entries;
}

async function collect(path: string, name: string, step: DockerfileStep): Promise<TarEntry[]> {
  const found = await describe(path, step);
  const mode = found.mode & 0o111 ? 0o755 : 0o644;
  if (found.isFile()) return [{ type: 'file', name, mode, body: await readFile(path) }];
  const entries: TarEntry[] = name ? [{ type: 'directory', name, mode: 0o755 }] : [];
  for (const child of (await readdir(path)).sort()) entries.push(...(await collect(join(path, child), posix.join(name, child), step)));
  return entries;
}

async function describe(path: string, step: DockerfileStep) {
  const found = await lstat(path).catch(() => null);
  if (!found) throw new Error(`Dockerfile, line ${step.line}: ${basename(path)} does not exist in the folder.`);
  if (!found.isFile() && !found.isDirectory())
    throw new Error(`Dockerfile, line ${step.line}: ${basename(path)} is neither a file nor a directory.`);
  return found;
}

function directoriesTo(path: string): TarEntry[] {
  const segments = path.split('/').filter(Boolean);
  return segments.map((_, index) => ({ type: 'directory', name: segments.slice(0, index + 1).join('/'), mode: 0o755 }));
}

function applyToConfig(step: DockerfileStep, config: ImageConfig['config']): void {
  switch (step.instruction) {
    case 'WORKDIR':
      config.WorkingDir = step.path;
      break;
    case 'ENV':
      config.Env = [
        ...(config.Env ?? []).filter((pair) => !step.pairs.some(([name]) => pair.startsWith(`${name}=`))),
        ...step.pairs.map((pair) => pair.join('=')),
      ];
      break;
    case 'LABEL':
      config.Labels = { ...config.Labels, ...Object.fromEntries(step.pairs) };
      break;
    case 'EXPOSE':
      config.ExposedPorts = { ...config.ExposedPorts, ...Object.fromEntries(step.ports.map((port) => [port, {}])) };
      break;
    case 'CMD':
      config.Cmd = step.argv;
      break;
    case 'ENTRYPOINT':
      config.Entrypoint = step.argv;
      delete config.Cmd;
      break;
    case 'COPY':
      break;
    default:
      step satisfies never;
  }
}

/** Blobs of an earlier build of this repository. */
async function removeOtherBlobs(layout: string, kept: string[]): Promise<void> {
  const names = new Set(kept.map((digest) => basename(blobPath(layout, digest))));
  const directory = join(layout, 'blobs', 'sha256');
  for (const name of await readdir(directory)) if (!names.has(name)) await rm(join(directory, name), { force: true });
}
