import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { buildImage, tutorialImage } from './image-build.ts';
import { blobPath, digestOf, readConfig, readIndex, readManifest } from './image-layout.ts';
import { openImageStore, type PullProgress } from './image-store.ts';
import { writeTar } from './tar-write.ts';
import { unpackLayer } from './unpack-layer.ts';

const reflector = fileURLToPath(new URL('../../../reflector', import.meta.url));

test('the same folder gives the same image, another content another one', async () => {
  const directory = await temporaryDirectory();
  const copy = join(directory, 'source');
  await cp(reflector, copy, { recursive: true });
  const first = await buildImage(reflector, join(directory, 'one'));
  expect(await buildImage(copy, join(directory, 'two'))).toEqual(first);
  await writeFile(join(copy, 'server.js'), 'console.log("changed")');
  expect((await buildImage(copy, join(directory, 'two'))).id).not.toBe(first.id);
});

test('the image carries what the Dockerfile says', async () => {
  const registry = await temporaryDirectory();
  const { id, digest } = await buildImage(reflector, registry);
  const layout = join(registry, tutorialImage.repository);
  expect((await readIndex(layout)).manifests).toMatchObject([{ digest }]);
  const manifest = await readManifest(layout, digest);
  const config = await readConfig(layout, id);
  expect(manifest.layers).toHaveLength(4);
  expect(config.config).toMatchObject({ Cmd: ['node', '/app/server.js'], WorkingDir: '/app', ExposedPorts: { '80/tcp': {} } });
  expect(config.config.Env).toContain('NODE_ENV=production');
  for (const [index, layer] of manifest.layers.entries()) {
    const packed = await readFile(blobPath(layout, layer.digest));
    expect(digestOf(packed)).toBe(layer.digest);
    expect(digestOf(gunzipSync(packed))).toBe(config.rootfs.diff_ids[index]);
  }
});

test('another tar program unpacks the layers to the same files', async () => {
  const directory = await temporaryDirectory();
  const { digest } = await buildImage(reflector, directory);
  const layout = join(directory, tutorialImage.repository);
  for (const layer of (await readManifest(layout, digest)).layers) {
    const tar = spawnSync('tar', ['-xzf', blobPath(layout, layer.digest), '-C', directory], { encoding: 'utf8' });
    expect(tar).toMatchObject({ status: 0, stderr: '' });
  }
  expect(await readFile(join(directory, 'app/server.js'), 'utf8')).toBe(await readFile(join(reflector, 'server.js'), 'utf8'));
});

test('pull copies the layers with progress, knows them the second time, and survives a restart', async () => {
  const directory = await temporaryDirectory();
  const { id } = await buildImage(reflector, join(directory, 'registry'));
  const store = await openImageStore(join(directory, 'docker'), join(directory, 'registry'));
  const progress: PullProgress[] = [];
  const first = await store.pull(tutorialImage, (step) => progress.push(step));
  expect(first).toMatchObject({ changed: true, image: { id, names: ['pandapup/coreos_reflector:latest'] } });
  const done = progress.filter((step) => step.status === 'Download complete');
  expect(done).toHaveLength(4);
  for (const { layer } of done) {
    const last = progress.filter((step) => step.layer === layer && step.bytes).at(-1);
    expect(last?.bytes?.current).toBe(last?.bytes?.total);
  }
  const again: PullProgress[] = [];
  expect((await store.pull(tutorialImage, (step) => again.push(step))).changed).toBe(false);
  expect(again.filter((step) => step.status === 'Already exists')).toHaveLength(4);
  const reopened = await openImageStore(join(directory, 'docker'), join(directory, 'registry'));
  expect(reopened.find('pandapup/coreos_reflector').id).toBe(id);
  expect(reopened.find(id.slice(7, 19)).id).toBe(id);
});

test('an unpacked image holds the files; removing the image removes its blobs', async () => {
  const { directory, store } = await storeWithImage();
  const root = join(directory, 'root');
  await store.unpack(store.find('pandapup/coreos_reflector'), root);
  expect(await readFile(join(root, 'app/server.js'), 'utf8')).toBe(await readFile(join(reflector, 'server.js'), 'utf8'));
  const removed = await store.remove('pandapup/coreos_reflector');
  expect(removed).toMatchObject([{ Untagged: 'pandapup/coreos_reflector:latest' }, { Deleted: expect.stringMatching(/^sha256:/) }]);
  expect(await readdir(join(directory, 'docker/image/blobs/sha256'))).toEqual([]);
  expect(() => store.find('pandapup/coreos_reflector')).toThrow('No such image: pandapup/coreos_reflector:latest');
});

test('a rebuilt image takes the name over', async () => {
  const { directory, store } = await storeWithImage();
  const before = store.find('pandapup/coreos_reflector').id;
  const source = join(directory, 'source');
  await cp(reflector, source, { recursive: true });
  await writeFile(join(source, 'server.js'), '// edited');
  await buildImage(source, join(directory, 'registry'));
  const { image, changed } = await store.pull(tutorialImage, () => undefined);
  expect(changed).toBe(true);
  expect(store.find('pandapup/coreos_reflector').id).toBe(image.id);
  expect(store.find(before).names).toEqual([]);
});

test('a blob that does not match its digest is refused and leaves nothing behind', async () => {
  const directory = await temporaryDirectory();
  const { digest } = await buildImage(reflector, join(directory, 'registry'));
  const layout = join(directory, 'registry', tutorialImage.repository);
  const layer = (await readManifest(layout, digest)).layers[2]!.digest;
  await writeFile(blobPath(layout, layer), 'something else');
  const store = await openImageStore(join(directory, 'docker'), join(directory, 'registry'));
  await expect(store.pull(tutorialImage, () => undefined)).rejects.toThrow(`${layer} has the content of`);
  expect(store.list()).toEqual([]);
  await expect(stat(blobPath(join(directory, 'docker/image'), layer))).rejects.toThrow('ENOENT');
});

test('other images and tags are not found, in the words of Docker', async () => {
  const { store } = await storeWithImage();
  await expect(store.pull({ repository: 'redis', tag: 'latest' }, () => undefined)).rejects.toThrow(
    /^pull access denied for redis, repository does not exist or may require 'docker login'.*real Docker Engine/,
  );
  await expect(store.pull({ ...tutorialImage, tag: 'v2' }, () => undefined)).rejects.toThrow(
    'manifest for pandapup/coreos_reflector:v2 not found',
  );
});

test('a layer with another content than the image says is refused', async () => {
  const directory = await temporaryDirectory();
  const layer = await writeLayer(directory, [{ type: 'directory', name: 'x', mode: 0o755 }]);
  await expect(unpackLayer(layer.path, digestOf(Buffer.from('other')), directory)).rejects.toThrow('but the image says');
});

test('nothing is written through a link', async () => {
  const directory = await temporaryDirectory();
  const outside = await temporaryDirectory();
  const root = join(directory, 'root');
  const layer = await writeLayer(directory, [{ type: 'file', name: 'root/link/file', mode: 0o644, body: Buffer.from('x') }]);
  await unpackLayer(
    (await writeLayer(directory, [{ type: 'directory', name: 'root', mode: 0o755 }])).path,
    digestOf(writeTar([{ type: 'directory', name: 'root', mode: 0o755 }])),
    directory,
  );
  await symlink(outside, join(root, 'link'));
  await expect(unpackLayer(layer.path, layer.diffId, directory)).rejects.toThrow('is not a directory');
  expect(await readdir(outside)).toEqual([]);
});

test('a compression bomb is refused', async () => {
  const directory = await temporaryDirectory();
  const layer = await writeLayer(directory, [{ type: 'file', name: 'zeros', mode: 0o644, body: Buffer.alloc(8 * 1024 * 1024) }]);
  await expect(unpackLayer(layer.path, layer.diffId, directory)).rejects.toThrow('more than 100 times its size');
});

test('whiteouts remove what lower layers have, and only that', async () => {
  const directory = await temporaryDirectory();
  const file = (name: string) => ({ type: 'file' as const, name, mode: 0o644, body: Buffer.from(name) });
  const root = join(directory, 'root');
  const layers = [
    [{ type: 'directory' as const, name: 'root', mode: 0o755 }, file('root/a'), file('root/b'), file('root/d/old')],
    [file('root/.wh.a'), file('root/d/new'), file('root/d/.wh..wh..opq')],
  ];
  for (const entries of layers) {
    const layer = await writeLayer(directory, entries);
    await unpackLayer(layer.path, layer.diffId, directory);
  }
  expect((await readdir(root)).sort()).toEqual(['b', 'd']);
  expect(await readdir(join(root, 'd'))).toEqual(['new']);
});

async function storeWithImage() {
  const directory = await temporaryDirectory();
  await buildImage(reflector, join(directory, 'registry'));
  const store = await openImageStore(join(directory, 'docker'), join(directory, 'registry'));
  await store.pull(tutorialImage, () => undefined);
  return { directory, store };
}

async function writeLayer(directory: string, entries: Parameters<typeof writeTar>[0]) {
  const tar = writeTar(entries);
  const path = join(directory, `${randomBytes(6).toString('hex')}.tar.gz`);
  await writeFile(path, gzipSync(tar));
  return { path, diffId: digestOf(tar) };
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'docker-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
