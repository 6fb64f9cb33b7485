import { expect, test } from 'vitest';
import { layerLimits, readTar, type TarLimits } from './tar-read.ts';
import { headerChecksum, type TarEntry, writeTar } from './tar-write.ts';

test('what was written is read again, whatever the size of the chunks', async () => {
  const long = `${'directory/'.repeat(12)}file`;
  const archive = writeTar([
    { type: 'directory', name: 'app', mode: 0o755 },
    { type: 'file', name: 'app/server.js', mode: 0o644, body: Buffer.from('x'.repeat(1000)) },
    { type: 'symlink', name: 'app/main.js', target: 'server.js' },
    { type: 'file', name: long, mode: 0o755, body: Buffer.alloc(0) },
  ]);
  for (const size of [1, 7, 512, 100_000]) {
    expect(await list(archive, size)).toEqual([
      { type: 'directory', name: 'app', mode: 0o755, target: '', body: '' },
      { type: 'file', name: 'app/server.js', mode: 0o644, target: '', body: 'x'.repeat(1000) },
      { type: 'symlink', name: 'app/main.js', mode: 0o777, target: 'server.js', body: '' },
      { type: 'file', name: long, mode: 0o755, target: '', body: '' },
    ]);
  }
});

test('the same entries give the same bytes', () => {
  const entries: TarEntry[] = [{ type: 'file', name: 'a', mode: 0o644, body: Buffer.from('b') }];
  expect(writeTar(entries).equals(writeTar(entries))).toBe(true);
});

test('a name that fits no header is refused when writing', () => {
  expect(() => writeTar([{ type: 'directory', name: 'x'.repeat(101), mode: 0o755 }])).toThrow('too long for an image layer');
});

test.each(['../etc/passwd', 'app/../../x', '/etc/passwd', 'a\\b'])('the path %s is refused', async (name) => {
  await expect(list(file(name))).rejects.toThrow('is refused');
});

test.each([
  ['app/link', '../../etc'],
  ['link', '..'],
  ['app/link', '/etc/passwd'],
  ['app/link', 'sub/../../..'],
  ['app/link', ''],
])('the link %s → %s is refused', async (name, target) => {
  await expect(list(writeTar([{ type: 'symlink', name, target }]))).rejects.toThrow('leads out of the image');
});

test('a link to a neighbour is fine', async () => {
  expect(await list(writeTar([{ type: 'symlink', name: 'app/bin/x', target: '../lib/x' }]))).toMatchObject([{ target: '../lib/x' }]);
});

test.each([
  ['1', 'a hard link'],
  ['3', 'a device'],
  ['4', 'a device'],
  ['6', 'a named pipe'],
  ['Z', 'an entry of type "Z"'],
])('an entry of type %s is refused', async (flag, named) => {
  await expect(list(withHeader(file('x'), (header) => header.write(flag, 156)))).rejects.toThrow(named);
});

test('set-user-id, set-group-id and sticky bits are dropped', async () => {
  const archive = withHeader(file('x'), (header) => header.write('0007755\0', 100));
  expect(await list(archive)).toMatchObject([{ mode: 0o755 }]);
});

test('pax and GNU long names replace the short one', async () => {
  const name = `deep/${'n'.repeat(150)}`;
  const record = `path=${name}\n`;
  const length = record.length + 1 + String(record.length + 5).length;
  const pax = extension('x', `${length} ${record}`);
  const gnu = extension('L', `${name}\0`);
  expect(await list(Buffer.concat([pax, file('short')]))).toMatchObject([{ name }]);
  expect(await list(Buffer.concat([gnu, file('short')]))).toMatchObject([{ name }]);
});

test('a long name is checked like a short one', async () => {
  await expect(list(Buffer.concat([extension('L', '../../evil\0'), file('fine')]))).rejects.toThrow('leads out of the image');
});

test('a pax header that lies about its length is damage, not an endless loop', async () => {
  await expect(list(Buffer.concat([extension('x', '0 path=x\n'), file('y')]))).rejects.toThrow('a pax header cannot be read');
});

test('a flipped bit in a header is damage', async () => {
  const archive = file('x');
  archive[0]! ^= 1;
  await expect(list(archive)).rejects.toThrow('wrong checksum');
});

test('an archive that ends in a body is damage', async () => {
  await expect(list(file('x', 'y'.repeat(2000)).subarray(0, 1500))).rejects.toThrow('ends in the middle');
});

test('entries, bytes and depth are limited', async () => {
  const limits: TarLimits = { ...layerLimits, entries: 2, bytes: 100 };
  const three = writeTar(['a', 'b', 'c'].map((name) => ({ type: 'directory', name, mode: 0o755 })));
  await expect(list(three, 512, limits)).rejects.toThrow('more than 2 entries');
  await expect(list(file('x', 'y'.repeat(101)), 512, limits)).rejects.toThrow('more than 100 bytes');
  await expect(list(file('a/'.repeat(33)))).rejects.toThrow('more than 32 segments');
});

async function list(archive: Buffer, chunkSize = 512, limits?: TarLimits) {
  const items = [];
  for await (const item of readTar(chunksOf(archive, chunkSize), limits)) {
    let body = '';
    for await (const chunk of item.body) body += chunk.toString();
    items.push({ type: item.type, name: item.name, mode: item.mode, target: item.target, body });
  }
  return items;
}

async function* chunksOf(archive: Buffer, size: number) {
  for (let start = 0; start < archive.length; start += size) yield archive.subarray(start, start + size);
}

function file(name: string, body = ''): Buffer {
  return writeTar([{ type: 'file', name, mode: 0o644, body: Buffer.from(body) }]);
}

/** Changes the first header and mends its checksum. */
function withHeader(archive: Buffer, change: (header: Buffer) => void): Buffer {
  change(archive);
  archive.write(`${headerChecksum(archive).toString(8).padStart(6, '0')}\0 `, 148);
  return archive;
}

/** An archive without its end, so that another can follow. */
function extension(flag: string, body: string): Buffer {
  return withHeader(file('extension', body), (header) => header.write(flag, 156)).subarray(0, -1024);
}
