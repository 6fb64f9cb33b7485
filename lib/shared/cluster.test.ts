import { expect, test } from 'vitest';
import { type ClusterState, runningUnit, servingAddress } from './cluster.ts';

const machines = [
  { id: 'm1', address: '172.17.8.101', metadata: {} },
  { id: 'm2', address: '172.17.8.102', metadata: {} },
];
const unit = { name: 'reflector.service', machineId: 'm2', desired: 'launched', current: 'launched', load: 'loaded', hash: 'f'.repeat(40) };

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
