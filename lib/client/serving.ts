// What the cluster's state means to somebody who waits for the deployed server.
import type { ClusterState, ClusterUnit } from '#lib/shared/cluster.ts';

/** A unit that systemd reports as running, or null. */
export function runningUnit(cluster: ClusterState): ClusterUnit | null {
  if (cluster.status !== 'up') return null;
  return cluster.units.find(({ active, sub }) => active === 'active' && sub === 'running') ?? null;
}

/** Where the running unit's machine can be reached inside the lab, or null while nothing runs. */
export function servingAddress(cluster: ClusterState): string | null {
  const unit = runningUnit(cluster);
  if (!unit || cluster.status !== 'up') return null;
  return cluster.machines.find(({ id }) => id === unit.machineId)?.address ?? null;
}
