import { expect, test } from 'vitest';
import type { ClusterState } from '#lib/shared/cluster.ts';
import type { Run } from '#lib/shared/run.ts';
import { runningUnit, servingAddress } from './serving.ts';
import { latestRun } from './session.ts';

function queued(id: string, step: string, queuedAt: number): [string, Run] {
  return [id, { id, step, queuedAt, chapter: 'c', terminal: 'shell', status: 'queued' }];
}

test('of a step’s runs the newest counts, in whatever order they are told', () => {
  const runs = new Map([queued('b', 'up', 20), queued('c', 'down', 30), queued('a', 'up', 10)]);
  expect(latestRun(runs, 'up')?.id).toBe('b');
  expect(latestRun(runs, 'never')).toBeNull();
});

const machines = [
  { id: 'm1', address: '172.17.8.101', metadata: {} },
  { id: 'm2', address: '172.17.8.102', metadata: {} },
];
const unit = { name: 'reflector.service', machineId: 'm2', desired: 'launched', current: 'launched', load: 'loaded' };

test('the serving address is that of the machine on which a unit runs', () => {
  const cluster: ClusterState = { status: 'up', machines, units: [{ ...unit, active: 'active', sub: 'running' }] };
  expect(servingAddress(cluster)).toBe('172.17.8.102');
});

test('a unit that is launched but still starting serves nothing', () => {
  const cluster: ClusterState = { status: 'up', machines, units: [{ ...unit, active: 'activating', sub: 'start-pre' }] };
  expect(runningUnit(cluster)).toBeNull();
  expect(servingAddress(cluster)).toBeNull();
  expect(servingAddress({ status: 'down' })).toBeNull();
});
