// The client's ssh-agent inside the machine (`ssh -A`): a socket that leads back to it through the SSH connection.
import { randomBytes } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Channel, Connection } from 'ssh2';
import { streamOf } from '#lib/cluster/channel-stream.ts';

export interface ForwardedAgent {
  /** For SSH_AUTH_SOCK. */
  readonly path: string;
  close(): void;
}

/** What `ssh2` offers its clients for every other kind of channel, it does not for this one. */
interface Internals {
  _chanMgr: { add(onOpen: OpenCallback): number };
  _protocol: { openssh_authAgent(channel: number, window: number, packetSize: number): void };
}
type OpenCallback = ((error: Error | undefined, channel?: Channel) => void) & { type: string };

/** As for the channels that clients open. */
const windowSize = 2 * 1024 * 1024;
const packetSize = 32 * 1024;

/** @param directory short, and open to nobody else */
export function forwardAgent(connection: Connection, directory: string): ForwardedAgent {
  const path = join(directory, `agent-${randomBytes(4).toString('hex')}`);
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    openAgent(connection).then(
      (channel) => {
        const stream = streamOf(channel);
        stream.on('error', () => socket.destroy());
        stream.once('close', () => socket.destroy());
        socket.once('close', () => stream.destroy());
        socket.pipe(stream).pipe(socket);
      },
      () => socket.destroy(),
    );
  });
  // Without a socket the machine's programs find no agent, which is what they are prepared for.
  server.on('error', () => {});
  server.listen(path);
  return {
    path,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function openAgent(connection: Connection): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const { _chanMgr, _protocol } = connection as unknown as Internals;
    const opened = (error: Error | undefined, channel?: Channel) => (channel ? resolve(channel) : reject(error));
    const channel = _chanMgr.add(Object.assign(opened, { type: 'auth-agent@openssh.com' }));
    if (channel === -1) reject(new Error('The connection has no free channel left.'));
    else _protocol.openssh_authAgent(channel, windowSize, packetSize);
  });
}
