import { spawn } from 'node:child_process';
import { appendFile, type FileHandle, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { testWith } from '#lib/testing/peers.ts';
import { startOurEtcd } from './etcd-fixture.ts';

async function newDirectory() {
  const directory = await mkdtemp(join(tmpdir(), 'etcd-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function put(url: string, key: string, value: string) {
  const response = await fetch(`${url}/v2/keys${key}`, { method: 'PUT', body: new URLSearchParams({ value }) });
  return response.status;
}

/** As a full disk does. */
async function refuseWrites() {
  const file = await open('/dev/null');
  const prototype = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  const spy = vi
    .spyOn(prototype, 'write')
    .mockRejectedValue(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }));
  onTestFinished(() => spy.mockRestore());
  return { mend: () => spy.mockRestore() };
}

test('keys, indices and history survive a restart', async () => {
  const directory = await newDirectory();
  const first = await startOurEtcd(directory);
  for (let count = 0; count < 30; count++) expect(await put(first.url, `/k/${count}`, 'x'.repeat(count))).toBe(201);
  first.etcd.store.set('/machine', { value: '1', expires: first.etcd.store.after(100) });
  const before = first.etcd.store.save();
  await first.stop();
  const second = await startOurEtcd(directory);
  expect(second.etcd.store.save().history).toEqual(before.history);
  expect(second.etcd.store.index).toBe(before.index);
  expect(second.etcd.store.get('/machine').node.ttl).toBeGreaterThan(90);
  const watched = await fetch(`${second.url}/v2/keys/k?wait=true&recursive=true&waitIndex=10`).then((response) => response.json());
  expect(watched).toMatchObject({ action: 'set', node: { key: '/k/6', modifiedIndex: 10 } });
});

test('a log that ends in zeros, as a killed process leaves it, is whole', async () => {
  const directory = await newDirectory();
  const first = await startOurEtcd(directory);
  await put(first.url, '/kept', '1');
  const log = join(directory, 'log-1');
  const killed = await readFile(log);
  expect(killed.at(-1)).toBe(0);
  await first.stop();
  expect((await readFile(log)).at(-1)).toBe(10);
  await writeFile(log, killed);
  const second = await startOurEtcd(directory);
  expect(second.etcd.notices).toEqual([]);
  await put(second.url, '/later', '2');
  await second.stop();
  const third = await startOurEtcd(directory);
  expect(third.etcd.store.get('/', { sorted: true }).node.nodes?.map(({ key }) => key)).toEqual(['/kept', '/later']);
});

test('a torn last line is dropped with a notice, and writing goes on after it', async () => {
  const directory = await newDirectory();
  const first = await startOurEtcd(directory);
  await put(first.url, '/kept', '1');
  await first.stop();
  await appendFile(join(directory, 'log-1'), '0000abcd {"action":"set","no');
  const second = await startOurEtcd(directory);
  expect(second.etcd.notices.join()).toContain('incomplete');
  await put(second.url, '/later', '2');
  await second.stop();
  const third = await startOurEtcd(directory);
  expect(third.etcd.notices).toEqual([]);
  expect(third.etcd.store.get('/', { sorted: true }).node.nodes?.map(({ key }) => key)).toEqual(['/kept', '/later']);
});

test('a damaged snapshot is set aside and the log still counts', async () => {
  const directory = await newDirectory();
  const first = await startOurEtcd(directory);
  await put(first.url, '/kept', '1');
  await first.stop();
  const snapshot = await readFile(join(directory, 'snapshot.json'), 'utf8');
  await writeFile(join(directory, 'snapshot.json'), snapshot.replace('"index":3', '"index":4'));
  const second = await startOurEtcd(directory);
  expect(second.etcd.notices.join()).toContain('could not be read');
  expect(second.etcd.store.get('/kept').node.value).toBe('1');
  expect((await readdir(directory)).some((name) => name.includes('.corrupt-'))).toBe(true);
});

test('a long log becomes a snapshot, and nothing is lost on the way', async () => {
  const directory = await newDirectory();
  const first = await startOurEtcd(directory);
  const value = 'x'.repeat(20_000);
  for (let count = 0; count < 200; count++) {
    first.etcd.store.set(`/k${count % 10}`, { value: `${count} ${value}` });
    if (count % 20 === 0) await first.etcd.durable();
  }
  await first.etcd.durable();
  const before = first.etcd.store.save();
  await first.stop();
  expect(await readdir(directory)).not.toContain('log-1');
  const second = await startOurEtcd(directory);
  expect(second.etcd.store.save()).toEqual(before);
});

test('while the disk refuses, writers are told; when it works again, nothing is lost and nothing is there twice', async () => {
  const directory = await newDirectory();
  const first = await startOurEtcd(directory);
  expect(await put(first.url, '/before', '1')).toBe(201);
  const disk = await refuseWrites();
  const refused = await Promise.all(['/a', '/b', '/c'].map((key) => put(first.url, key, '2')));
  expect(refused).toEqual([500, 500, 500]);
  expect((await fetch(`${first.url}/v2/keys/before`)).status).toBe(200);
  disk.mend();
  expect(await put(first.url, '/after', '3')).toBe(201);
  const before = first.etcd.store.save();
  await first.stop();
  const second = await startOurEtcd(directory);
  expect(second.etcd.notices).toEqual([]);
  expect(second.etcd.store.save()).toEqual(before);
});

test('logs grow and are replaced while many write, and nothing is lost on the way', async () => {
  const directory = await newDirectory();
  const first = await startOurEtcd(directory);
  const value = 'x'.repeat(60_000);
  const writer = async (name: number) => {
    for (let count = 0; count < 40; count++) expect(await put(first.url, `/${name}`, `${count} ${value}`)).toBeLessThan(300);
  };
  await Promise.all(Array.from({ length: 6 }, (_, name) => writer(name)));
  const before = first.etcd.store.save();
  await first.stop();
  const logs = (await readdir(directory)).filter((name) => name.startsWith('log-'));
  expect(logs).not.toContain('log-1');
  expect(logs.length).toBeLessThan(3);
  const second = await startOurEtcd(directory);
  expect(second.etcd.store.save()).toEqual(before);
});

test('pages of other sites and foreign host names are refused', async () => {
  const { url } = await startOurEtcd();
  const ask = (headers: Record<string, string>) =>
    new Promise((resolve, reject) => {
      const sent = request(`${url}/v2/keys/x`, { method: 'PUT', headers }, (response) => resolve(response.resume().statusCode));
      sent.on('error', reject).end();
    });
  expect(await ask({ Origin: 'http://evil.example' })).toBe(403);
  expect(await ask({ Origin: 'null' })).toBe(403);
  expect(await ask({ 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
  expect(await ask({ 'Sec-Fetch-Site': 'same-site' })).toBe(403);
  expect(await ask({ Host: 'evil.example' })).toBe(421);
  expect(await ask({ Host: '127.0.0.1.evil.example:4001' })).toBe(421);
  expect(await ask({ Host: '172.17.8.101:4001' })).toBe(201);
  expect(await ask({ Host: 'localhost' })).toBe(200);
});

test('a watcher gets its headers at once and its event later', async () => {
  const { url, etcd } = await startOurEtcd();
  const response = await fetch(`${url}/v2/keys/x?wait=true`);
  expect(response.headers.get('x-etcd-index')).toBe('3');
  expect(etcd.store.watchers).toBe(1);
  await put(url, '/x', 'now');
  expect(await response.json()).toMatchObject({ node: { value: 'now' } });
  expect(etcd.store.watchers).toBe(0);
});

test('a watcher that leaves is forgotten', async () => {
  const { url, etcd } = await startOurEtcd();
  const abort = new AbortController();
  await fetch(`${url}/v2/keys/x?wait=true`, { signal: abort.signal });
  abort.abort();
  await expect.poll(() => etcd.store.watchers).toBe(0);
});

testWith('etcdctl')('the real etcdctl sets, gets, lists, removes and watches', async () => {
  const { url } = await startOurEtcd();
  const etcdctl = (...words: string[]) =>
    new Promise<{ out: string; err: string; status: number | null }>((resolve) => {
      const env = { PATH: process.env.PATH, ETCDCTL_API: '2', ETCDCTL_ENDPOINTS: url } as unknown as NodeJS.ProcessEnv;
      const child = spawn('etcdctl', words, { env });
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk) => (out += chunk));
      child.stderr.on('data', (chunk) => (err += chunk));
      child.on('close', (status) => resolve({ out, err, status }));
    });
  expect(await etcdctl('set', '/dns/reflector/host', '172.17.8.101')).toMatchObject({ out: '172.17.8.101\n', status: 0 });
  expect(await etcdctl('get', '/dns/reflector/host')).toMatchObject({ out: '172.17.8.101\n', status: 0 });
  expect(await etcdctl('mk', '/dns/reflector/host', 'x')).toMatchObject({
    err: 'Error:  105: Key already exists (/dns/reflector/host) [4]\n',
    status: 4,
  });
  expect(await etcdctl('ls', '--recursive', '-p', '/')).toMatchObject({ out: '/dns/\n/dns/reflector/\n/dns/reflector/host\n' });
  const watching = etcdctl('watch', '/dns/reflector/port');
  await expect.poll(async () => (await fetch(`${url}/v2/stats/store`).then((answer) => answer.json())).watchers).toBe(1);
  await etcdctl('set', '/dns/reflector/port', '80', '--ttl', '60');
  expect(await watching).toMatchObject({ out: '80\n', status: 0 });
  expect(await etcdctl('rm', '/dns/reflector/host')).toMatchObject({ out: 'PrevNode.Value: 172.17.8.101\n', status: 0 });
  expect((await etcdctl('member', 'list')).out).toContain('name=core-01');
  expect((await etcdctl('cluster-health')).out).toContain('cluster is healthy');
});
