import type { Duplex } from 'node:stream';
import type { Sandbox } from './sandbox/sandbox.ts';

/** What every part of a machine (units, containers, SSH sessions, fleet) needs to know of it. */
export interface MachineFacts {
  /** `core-01`. */
  name: string;
  /** /etc/machine-id: 32 hexadecimal digits. */
  id: string;
  /** New at every boot: 32 hexadecimal digits. */
  bootId: string;
  /** `172.17.8.101`; exists inside the lab only. */
  address: string;
  /** The machine's own directory on this computer: `etc/`, `home/core/`, `run/`, `var/`. Survives halt, ends with destroy. */
  directory: string;
  /**
   * Short directory (Unix socket paths are at most 108 bytes) that holds the machine's sockets while it runs:
   * `docker.sock` (Docker Engine API), `systemd.sock` (units and journal), `fleet.sock` (fleet API v1).
   */
  run: string;
  /**
   * The whole environment of a process inside the machine: PATH with the machine's tools first, HOME, USER=core, LANG,
   * ETCDCTL_ENDPOINT, COREOS_MACHINE (= `run`), and the lab's marker. Nothing of the app's own environment.
   */
  environment: Record<string, string>;
  /**
   * Where a path inside the machine really lies: `/usr/bin/docker` → the lab's tool, `/etc/environment` → in `directory`,
   * `/home/core/x` → in `directory`; any other path stays as it is.
   */
  resolve(path: string): string;
  /** What keeps the machine apart from this computer; without it, its programs are plain processes of this computer. */
  sandbox?: Sandbox;
}

/** Opens a byte stream to an address inside the lab. Rejects with `code: 'ECONNREFUSED'` when nothing listens there. */
export type Connect = (address: string, port: number) => Promise<Duplex>;
