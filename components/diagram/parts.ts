// What the architecture diagram shows, in words, and which of its parts the cluster's state proves to be alive.
import type { DiagramPart } from '#lib/shared/chapter.ts';
import { type ClusterState, runningUnit } from '#lib/shared/cluster.ts';

export interface PartText {
  part: DiagramPart;
  name: string;
  /** What it is and where it stands. */
  text: string;
}

export const partTexts: readonly PartText[] = [
  { part: 'vagrant', name: 'Vagrant', text: 'carries the machine: it creates, starts and destroys it on your computer.' },
  {
    part: 'machine',
    name: 'The CoreOS machine',
    text: 'a small Linux that clusters with others of its kind. etcd, systemd and the container are inside it.',
  },
  {
    part: 'etcd',
    name: 'etcd',
    text: 'inside the machine: the key-value store in which machines find each other and share state. At the first start it asks the discovery service.',
  },
  {
    part: 'systemd',
    name: 'systemd and fleet',
    text: 'inside the machine: fleet decides which machine runs a unit, systemd starts and watches it there.',
  },
  {
    part: 'container',
    name: 'The Docker container',
    text: 'inside the machine, started by systemd: a process with its own files, seeing nothing else of the machine.',
  },
  {
    part: 'server',
    name: 'The Node server',
    text: 'inside the container: it answers each request of your browser with that very request.',
  },
  { part: 'fleetctl', name: 'fleetctl', text: 'outside, in your shell: it reaches fleet through an SSH tunnel and says what should run.' },
];

export interface Life {
  /** Whether anything has been heard of the cluster. */
  known: boolean;
  /** A machine answers through the tunnel. */
  machine: boolean;
  /** A unit is known to fleet. */
  unit: boolean;
  /** systemd reports a unit as running, so its container and the server in it are. */
  running: boolean;
}

export function readLife(cluster: ClusterState): Life {
  return {
    known: cluster.status !== 'connecting',
    machine: cluster.status === 'up' && cluster.machines.length > 0,
    unit: cluster.status === 'up' && cluster.units.length > 0,
    running: runningUnit(cluster) !== null,
  };
}

export function isAlive(part: DiagramPart, life: Life): boolean {
  switch (part) {
    case 'container':
    case 'server':
      return life.running;
    case 'machine':
    case 'vagrant':
    case 'etcd':
    case 'systemd':
    case 'fleetctl':
      return life.machine;
    default:
      return part satisfies never;
  }
}

/** The state in one sentence. */
export function describeLife(life: Life): string {
  if (life.running) return 'Now: the machine is up and the server in its container runs.';
  if (life.unit) return 'Now: the machine is up and knows a unit, which does not run.';
  if (life.machine) return 'Now: the machine is up, nothing is deployed on it.';
  return life.known ? 'Now: no machine is up.' : 'Now: asking the cluster…';
}
