/** The ports of this computer that lead into a machine, as Vagrant forwards them: SSH, and Docker's API where that is wanted. */
import type { Duplex } from 'node:stream';
import { createClosers } from './closers.ts';
import { forwardDocker } from './docker-forward.ts';
import type { Ports } from './lab.ts';
import { type SshServer, type SshServerOptions, startSshServer } from './ssh/server.ts';

export interface MachineDoors {
  readonly sshPort: number;
  readonly ssh: SshServer;
  /** Throws out who is inside; resolves when their programs have ended. */
  close(): Promise<void>;
}

/** Rejects with `code: 'EADDRINUSE'` when a port is taken. */
export async function openDoors(
  ports: Ports,
  ssh: Omit<SshServerOptions, 'port'>,
  openDocker: () => Promise<Duplex>,
): Promise<MachineDoors> {
  const closers = createClosers();
  const server = await startSshServer({ ...ssh, port: ports.ssh });
  closers.add(() => server.close());
  try {
    if (ports.docker !== null) {
      const forward = await forwardDocker(ports.docker, openDocker);
      closers.add(() => forward.close());
    }
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
  return { sshPort: server.port, ssh: server, close: () => closers.closeAll() };
}
