import { readFile } from 'node:fs/promises';
import { duplexPair } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type Observer, observeCluster } from '#lib/cluster/observer.ts';
import type { ClusterState } from '#lib/shared/cluster.ts';
import { startTestServer } from '../ssh/test-server.ts';
import { createTestFleet } from './test-fleet.ts';

const machine = { id: '4c389e87f2bb4d4a8a1e7f9d2b3c4d5e', primaryIP: '172.17.8.101', metadata: { region: 'here' } };

async function startCluster() {
  const fleet = createTestFleet([machine]);
  const fixture = await startTestServer({
    fleet: (stream) => void fleet.api.emit('connection', stream),
    connect: async (_address, port) => {
      if (port !== 80) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
      const [near, far] = duplexPair();
      far.end('from the unit');
      return near;
    },
  });
  return { fleet, ...fixture, privateKey: await readFile(fixture.identity, 'utf8') };
}

function observe(locate: () => Promise<{ port: number; privateKey: string } | null>) {
  const states: ClusterState[] = [];
  const observer = observeCluster({ locate, onState: (state) => void states.push(state), interval: 20 });
  onTestFinished(() => observer.close());
  return { observer, states };
}

async function reach(observer: Observer, status: ClusterState['status']): Promise<void> {
  while (observer.state().status !== status) await delay(5);
}

test('machines and units are seen, and published only when something has changed', async () => {
  const { fleet, server, privateKey } = await startCluster();
  const { observer, states } = observe(async () => ({ port: server.port, privateKey }));
  await reach(observer, 'up');
  const seen = { id: machine.id, address: '172.17.8.101', metadata: { region: 'here' } };
  expect(states).toEqual([{ status: 'up', machines: [seen], units: [] }]);
  const asked = fleet.requests.length;
  while (fleet.requests.length < asked + 12) await delay(5);
  expect(states).toHaveLength(1);

  const unit = { name: 'a.service', options: [], desiredState: 'launched', currentState: 'launched', machineID: machine.id };
  fleet.units.set('a.service', unit);
  while (states.length < 2) await delay(5);
  expect(states[1]).toMatchObject({
    units: [
      {
        name: 'a.service',
        machineId: machine.id,
        desired: 'launched',
        current: 'launched',
        load: 'loaded',
        active: 'active',
        sub: 'running',
        hash: 'a'.repeat(40),
      },
    ],
  });
});

test('streams lead to what the cluster offers, and nowhere while it is down', async () => {
  const { server, privateKey } = await startCluster();
  const { observer } = observe(async () => ({ port: server.port, privateKey }));
  await reach(observer, 'up');
  let text = '';
  for await (const bytes of await observer.connect('172.17.8.101', 80)) text += String(bytes);
  expect(text).toBe('from the unit');
  await expect(observer.connect('172.17.8.101', 81)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await server.close();
  await reach(observer, 'down');
  await expect(observer.connect('172.17.8.101', 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a machine that goes away is noticed at once, and found again where it comes back', async () => {
  const first = await startCluster();
  const second = await startCluster();
  let current: typeof first | null = first;
  const { observer, states } = observe(async () => current && { port: current.server.port, privateKey: current.privateKey });
  await reach(observer, 'up');
  current = null;
  await first.server.close();
  await reach(observer, 'down');
  current = second;
  await reach(observer, 'up');
  expect(states.map(({ status }) => status)).toEqual(['up', 'down', 'up']);
});

test('a machine whose fleet does not answer is being connected to', async () => {
  const { fleet, server, privateKey } = await startCluster();
  const listeners = fleet.api.listeners('request') as ((...parameters: unknown[]) => void)[];
  fleet.api.removeAllListeners('request').on('request', (_request, response) => response.writeHead(503).end());
  const { observer } = observe(async () => ({ port: server.port, privateKey }));
  await reach(observer, 'connecting');
  fleet.api.removeAllListeners('request').on('request', listeners[0]!);
  await reach(observer, 'up');
});

test('nothing to find, a key that is refused and an error while looking are all just down', async () => {
  const { server } = await startCluster();
  const other = await startCluster();
  const places = [
    null,
    { port: server.port, privateKey: other.privateKey },
    { port: server.port, privateKey: 'nonsense' },
    { port: 1, privateKey: other.privateKey },
  ];
  let looks = 0;
  const { states } = observe(async () => {
    looks += 1;
    if (looks % 5 === 0) throw new Error('no idea');
    return places[(looks % 5) % 4]!;
  });
  while (looks < 12) await delay(5);
  expect(states).toEqual([]);
});

test('a closed observer ends its connection and says nothing more', async () => {
  const { server, privateKey } = await startCluster();
  const { observer, states } = observe(async () => ({ port: server.port, privateKey }));
  await reach(observer, 'up');
  const stream = await observer.connect('172.17.8.101', 80);
  observer.close();
  const closed = new Promise((resolve) => stream.on('close', resolve));
  stream.resume();
  await closed;
  expect(states).toHaveLength(1);
});
