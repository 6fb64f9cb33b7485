/** What the page knows of the cluster: all of it read through the SSH tunnel, as `fleetctl` reads it. */
export type ClusterState =
  /** Nobody answers on the tunnel's port. */
  { status: 'down' } | { status: 'connecting' } | { status: 'up'; machines: ClusterMachine[]; units: ClusterUnit[] };

export interface ClusterMachine {
  /** 32 hexadecimal digits, from /etc/machine-id. */
  id: string;
  address: string;
  metadata: Record<string, string>;
}

export interface ClusterUnit {
  name: string;
  machineId: string | null;
  /** fleet's desired and current state: inactive, loaded or launched. */
  desired: string;
  current: string;
  /** systemd's view; empty while no machine reports it. */
  load: string;
  active: string;
  sub: string;
  /** Of the unit file that this is the state of, 40 hexadecimal digits: another one for an edited unit. Empty as well. */
  hash: string;
}

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
