import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { testWith } from '#lib/testing/peers.ts';
import { startRealEtcd } from '../etcd/real-etcd.ts';
import { joinDiscovery } from './join.ts';
import { openDiscovery } from './service.ts';

async function startDiscovery() {
  const directory = await mkdtemp(join(tmpdir(), 'discovery-'));
  let url = '';
  const discovery = await openDiscovery({ directory, baseUrl: () => url });
  const server = createServer(discovery.handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await discovery.close();
    await rm(directory, { recursive: true, force: true });
  });
  return { url, newToken: (size: number | string) => fetch(`${url}/new?size=${size}`).then((answer) => answer.text()) };
}

const peer = (number: number) => ({ name: `core-0${number}`, peerUrl: `http://172.17.8.10${number}:7001` });

test('a new URL is one line without an end, for three machines unless a size is given', async () => {
  const { url, newToken } = await startDiscovery();
  const token = await fetch(`${url}/new`, { method: 'PUT' }).then((answer) => answer.text());
  expect(token).toMatch(new RegExp(`^${url}/[0-9a-f]{32}$`));
  const size = (of: string) =>
    fetch(`${of}/_config/size`).then(async (answer) => ((await answer.json()) as { node: { value: string } }).node.value);
  expect(await size(token)).toBe('3');
  expect(await size(await newToken(1))).toBe('1');
  const posted = await fetch(`${url}/new`, { method: 'POST', body: new URLSearchParams({ size: '5' }) });
  expect(await size(await posted.text())).toBe('5');
  const refused = await fetch(`${url}/new?size=abc`);
  expect([refused.status, await refused.text()]).toEqual([400, 'strconv.Atoi: parsing "abc": invalid syntax\n']);
});

test('unknown tokens and odd paths are not found, and nothing is made of them', async () => {
  const { url, newToken } = await startDiscovery();
  const unknown = `${url}/${'f'.repeat(32)}`;
  for (const method of ['GET', 'PUT']) {
    const answer = await fetch(`${unknown}/member`, { method });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ errorCode: 100, cause: `/_etcd/registry/${'f'.repeat(32)}` });
  }
  const plain = await fetch(`${url}/nothing`);
  expect([plain.status, await plain.text()]).toEqual([404, '404 page not found\n']);
  expect((await fetch(`${await newToken(1)}/_config/size`, { method: 'PUT' })).status).toBe(405);
  expect(await fetch(`${url}/health`).then((answer) => answer.text())).toBe('OK');
  expect((await fetch(url, { redirect: 'manual' })).status).toBe(301);
});

test('three members find each other in the order in which they came', async () => {
  const { newToken } = await startDiscovery();
  const url = await newToken(3);
  const lines: string[] = [];
  let waited = 0;
  const first = joinDiscovery({ url, ...peer(1), log: (line) => lines.push(line), onWaiting: () => waited++ });
  await expect.poll(() => waited).toBe(1);
  const others = [joinDiscovery({ url, ...peer(2) })];
  await expect.poll(() => lines.at(-1)).toBe('discovery: found 2 peer(s), waiting for 1 more');
  others.push(joinDiscovery({ url, ...peer(3) }));
  const members = [1, 2, 3].map((number) => ({ name: `core-0${number}`, peerUrls: [`http://172.17.8.10${number}:7001`] }));
  for (const result of await Promise.all([first, ...others])) expect(result).toEqual({ members });
  expect(lines.at(-1)).toBe('discovery: found 3 needed peer(s)');
  await expect(joinDiscovery({ url, ...peer(4) })).rejects.toMatchObject({
    reason: 'full',
    message: expect.stringContaining('failed to join discovery cluster (discovery: cluster is full)'),
  });
});

test('of a hundred who join at once exactly as many as fit get in', async () => {
  const { newToken } = await startDiscovery();
  const url = await newToken(5);
  const joined = Array.from({ length: 100 }, (_, number) =>
    joinDiscovery({ url, name: `m${number}`, peerUrl: `http://10.0.0.${number}:2380` }),
  );
  const results = await Promise.allSettled(joined);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.reason] : []));
  expect(new Set(reasons)).toEqual(new Set(['full']));
});

test('each way to fail has the sentence that etcd has for it', async () => {
  const { url, newToken } = await startDiscovery();
  const one = await newToken(1);
  await joinDiscovery({ url: one, ...peer(1) });
  const fails = (address: string, reason: string, message: string) =>
    expect(joinDiscovery({ url: address, ...peer(1) })).rejects.toMatchObject({ reason, message: expect.stringContaining(message) });
  await fails(one, 'previously-registered', `member "core-01" has previously registered with discovery service token (${one}).`);
  await fails(`${url}/${'0'.repeat(32)}`, 'unknown-token', '(100: Key not found (/_etcd/registry/00000000000000000000000000000000) [');
  await fails(url, 'bad-endpoint', 'discovery: bad discovery endpoint');
  await fails('nonsense', 'bad-endpoint', 'discovery: bad discovery endpoint');
  await fails(await newToken(-1), 'bad-size', 'discovery: size key is bad');
  await fails('http://127.0.0.1:1/x', 'unreachable', 'error connecting to http://127.0.0.1:1/x');
  const two = await newToken(2);
  const same = { url: two, name: 'same' };
  const both = [joinDiscovery({ ...same, peerUrl: 'http://a:1' }), joinDiscovery({ ...same, peerUrl: 'http://b:1' })];
  for (const each of await Promise.allSettled(both)) expect(each).toMatchObject({ reason: { reason: 'duplicated-name' } });
});

test('who waits in vain can be called back', async () => {
  const { newToken } = await startDiscovery();
  const abort = new AbortController();
  const joining = joinDiscovery({
    url: await newToken(2),
    ...peer(1),
    signal: abort.signal,
    onWaiting: () => abort.abort(new Error('halt')),
  });
  await expect(joining).rejects.toThrow('halt');
});

testWith('etcd')('three real etcds bootstrap, a fourth and a wiped one are refused', { timeout: 60_000 }, async () => {
  const { newToken } = await startDiscovery();
  const url = await newToken(3);
  const start = async (name: string, more: string[] = []) => {
    const etcd = await startRealEtcd(['--name', name, '--initial-advertise-peer-urls', 'PEER', '--discovery', url, '--enable-v2', ...more]);
    onTestFinished(() => etcd.stop());
    return etcd;
  };
  const etcds = await Promise.all(['one', 'two', 'three'].map((name) => start(name)));
  await Promise.all(etcds.map((etcd) => etcd.ready()));
  const { members } = (await fetch(`${etcds[0]!.url}/v2/members`).then((answer) => answer.json())) as { members: { name: string }[] };
  expect(members.map(({ name }) => name).sort()).toEqual(['one', 'three', 'two']);
  const fourth = await start('four', ['--discovery-fallback', 'exit']);
  expect(await fourth.ended).toBe(1);
  expect(fourth.log()).toContain('discovery: cluster is full');
  await etcds[0]!.stop();
  const samePeer = ['--listen-peer-urls', etcds[0]!.peer, '--initial-advertise-peer-urls', etcds[0]!.peer];
  const wiped = await start('one', samePeer);
  expect(await wiped.ended).toBe(1);
  expect(wiped.log()).toContain('has previously registered');
});
