// What a container needs of its machine, and what every program in it gets of that.
import { join } from 'node:path';
import type { ProcessOptions } from './container-process.ts';
import type { ContainerRecord } from './container-record.ts';
import { locateVolumes } from './container-volumes.ts';
import type { Isolation } from './sandbox.ts';

export interface ContainerSurroundings {
  /** `…/containers/<id>`: root, log and record. */
  directory: string;
  /** Of the machine, where its volumes and /home/core are. */
  machineDirectory: string;
  /** Short, for Unix sockets; belongs to this container. */
  sockets: string;
  containerInit: string;
  isolation: Isolation;
  hidden: Record<string, string>;
  /** Takes an address of the bridge network; gives it back with the returned function. */
  takeAddress(): { address: string; release: () => void };
  /** Enters the port on the machine; answers with the function that takes it out. Throws Docker's error when it is taken. */
  publish(container: ContainerRecord, port: number, socketPath: string): () => void;
  /** After the container's folder is gone. */
  onRemoved(): void;
}

const gateway = '172.17.0.1';

/** What a container's first program and those that join it have in common. */
export async function commonOptions({ options }: ContainerRecord, surroundings: ContainerSurroundings, address: string) {
  const { directory, machineDirectory, sockets, containerInit, isolation, hidden } = surroundings;
  const { hostname, init, memory, volumes } = options;
  return {
    place: { root: join(directory, 'rootfs'), sockets, hostname, mounts: await locateVolumes(machineDirectory, volumes) },
    network: { address, gateway, hostname },
    ...{ hidden, isolation, containerInit, memory, init },
  } satisfies Partial<ProcessOptions>;
}
