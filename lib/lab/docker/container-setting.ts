// What the daemon tells a container's init, in one variable of its environment.

export const settingVariable = 'CONTAINER_INIT';

export interface ContainerSetting {
  /** The directory where a listening port becomes a Unix socket. */
  sockets: string;
  /** The container's own address, such as `172.17.0.2`. */
  address: string;
  hostname: string;
  /** Where connections seem to come from. */
  gateway: string;
  /** Variables that belong to the lab: the program does not see them, its children carry them on. */
  hidden: string[];
  /** Variables that only came with the start, and that the program was not given. */
  unset: string[];
  /** Whether file descriptor 3 comes from the daemon: for the process that it started itself, not for that one's children. */
  lifeline: boolean;
  /** For a container's process 1: `init` when signals end it as they end other programs, `one` when they do not. Else null. */
  first: 'one' | 'init' | null;
}

/** A socket's file name: what listens on the container's loopback address only cannot be reached from outside. */
export function socketName(port: number, loopback: boolean): string {
  return loopback ? `${port}.local.sock` : `${port}.sock`;
}
