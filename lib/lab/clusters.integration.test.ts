import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { testWith } from '#lib/testing/peers.ts';
import { createClusters } from './clusters.ts';
import { startDiscovery } from './discovery-server.ts';
import { startRealEtcd } from './etcd/real-etcd.ts';
import { listenOnLoopback } from './listen.ts';

const names = ['core-01', 'core-02', 'core-03'];

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'clusters-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Three members of ours, each at a port of its own. */
async function startOurs(directory: string) {
  const clusters = createClusters(directory);
  onTestFinished(() => clusters.close());
  const start = async (name: string) => {
    let answer: Parameters<typeof listenOnLoopback>[0] | undefined;
    const server = await listenOnLoopback((...exchange) => answer!(...exchange), (await clusters.lastClientPort('test', name)) ?? 0);
    const url = `http://127.0.0.1:${server.port}`;
    const membership = await clusters.join('test', { name, peerUrl: `http://172.17.8.10${name.at(-1)}:7001`, clientUrl: url });
    answer = membership.handler;
    const stop = async () => {
      await server.close();
      await membership.leave();
    };
    onTestFinished(() => server.close());
    return { url, stop };
  };
  return { clusters, start, members: await Promise.all(names.map(start)) };
}

async function startReal() {
  const discovery = await startDiscovery(await temporaryDirectory());
  onTestFinished(() => discovery.close());
  const token = await fetch(`${discovery.url}/new?size=3`).then((answer) => answer.text());
  const etcds = await Promise.all(
    names.map((name) => startRealEtcd(['--enable-v2', '--name', name, '--initial-advertise-peer-urls', 'PEER', '--discovery', token])),
  );
  onTestFinished(() => Promise.all(etcds.map((etcd) => etcd.stop())).then(() => {}));
  await Promise.all(etcds.map((etcd) => etcd.ready()));
  return etcds;
}

function etcdctl(program: string[], url: string, ...words: string[]): Promise<{ status: unknown; lines: string[] }> {
  return new Promise((resolve) => {
    const [command, ...first] = program as [string, ...string[]];
    const env = { PATH: process.env.PATH, ETCDCTL_API: '2' } as unknown as NodeJS.ProcessEnv;
    execFile(command, [...first, '--endpoints', url, ...words], { env }, (error, stdout) =>
      resolve({ status: error?.code ?? 0, lines: stdout.trimEnd().split('\n') }),
    );
  });
}

/** The members come in the order of their ids, and any of them may lead. */
function comparable({ status, lines }: { status: unknown; lines: string[] }) {
  const plain = lines.map((line) =>
    line
      .replaceAll(/\b[0-9a-f]{12,16}\b/g, 'ID')
      .replaceAll(/http:\/\/[\d.]+:\d+/g, 'URL')
      .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
      .replace(/(name=)core-0\d/, '$1NAME'),
  );
  return { status, lines: plain.sort() };
}

testWith('etcd', 'etcdctl')(
  'three members are listed and healthy as three real etcds are, and so is one that is down',
  async () => {
    const [real, { members: ours }] = await Promise.all([startReal(), startOurs(await temporaryDirectory())]);
    const our = [process.execPath, join(inject('programs'), 'etcdctl.cjs')];
    const compare = async () => {
      for (const words of [['member', 'list'], ['cluster-health']]) {
        const expected = comparable(await etcdctl(['etcdctl'], real[0]!.url, ...words));
        expect(comparable(await etcdctl(['etcdctl'], ours[0]!.url, ...words))).toEqual(expected);
        expect(comparable(await etcdctl(our, ours[0]!.url, ...words))).toEqual(expected);
        expect(comparable(await etcdctl(our, real[0]!.url, ...words))).toEqual(expected);
      }
    };
    await compare();
    const list = (await etcdctl(our, ours[1]!.url, 'member', 'list')).lines;
    for (const [index, { url }] of ours.entries()) {
      expect(
        list.filter((line) => line.includes(`name=${names[index]} peerURLs=http://172.17.8.10${index + 1}:7001 clientURLs=${url} `)),
      ).toHaveLength(1);
    }
    await Promise.all([real[1]!.stop(), ours[1]!.stop()]);
    // The leader may have been the one that went: then the others are not well until they have a new one.
    const health = (index: number) => fetch(`${real[index]!.url}/health`).then((answer) => answer.text());
    await expect.poll(async () => [await health(0), await health(2)]).toEqual(Array(2).fill('{"health":"true"}'));
    await compare();
  },
  60_000,
);

test('each member answers for itself, and another one leads when the leader goes', async () => {
  const { members, start, clusters } = await startOurs(await temporaryDirectory());
  const ask = async (url: string, path: string) => {
    const answer = await fetch(url + path);
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const states = () => Promise.all(members.slice(1).map(async ({ url }) => (await ask(url, '/v2/stats/self')).body));
  const first = (await ask(members[0]!.url, '/v2/members/leader')).body;
  expect(names).toContain(first.name);
  const leading = members[names.indexOf(first.name as string)]!;
  expect((await ask(leading.url, '/v2/stats/leader')).status).toBe(200);
  const followers = members.filter((member) => member !== leading);
  for (const { url } of followers) {
    expect(await ask(url, '/v2/stats/leader')).toEqual({ status: 403, body: { message: 'not current leader' } });
    expect((await ask(url, '/v2/stats/self')).body).toMatchObject({ state: 'StateFollower', leaderInfo: { leader: first.id } });
  }
  expect((await states()).map(({ name }) => name)).toEqual(names.slice(1));

  await leading.stop();
  const second = (await ask(followers[0]!.url, '/v2/members/leader')).body;
  expect(followers.map(({ url }) => url)).toContain((second.clientURLs as string[])[0]);
  expect(second.id).not.toBe(first.id);

  // It comes back where it was and follows; once it is destroyed, nobody waits for it any more.
  const returned = await start(first.name as string);
  expect(returned.url).toBe(leading.url);
  expect((await ask(returned.url, '/v2/members/leader')).body).toEqual(second);
  await returned.stop();
  await clusters.remove('test', first.name as string);
  const { members: left } = (await ask(followers[0]!.url, '/v2/members')).body as { members: { name: string }[] };
  expect(left.map(({ name }) => name).sort()).toEqual(names.filter((name) => name !== first.name));
  for (const follower of followers) await follower.stop();
});
