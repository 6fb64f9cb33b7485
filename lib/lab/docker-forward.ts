/** Docker's API on a port of this computer, for `$expose_docker_tcp`. It has no password, so web pages must not get to it. */
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface Forward {
  close(): Promise<void>;
}

/** A request's head is at most this long, and must arrive this fast. */
const maximumHead = 16 * 1024;
const headMs = 10_000;
const refusal = 'HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nDocker’s API is not for browsers.\n';

/** `open` makes a connection to the machine's own port. Rejects with `code: 'EADDRINUSE'`. */
export async function forwardDocker(port: number, open: () => Promise<Duplex>): Promise<Forward> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    admit(socket, (head) => {
      open().then(
        (target) => join(socket, target, head),
        () => socket.destroy(),
      );
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/**
 * Lets a connection through once its first request shows that no browser made it. A browser's later requests would come
 * over a connection that its first one opened, so the first is enough.
 */
function admit(socket: Socket, onAdmitted: (head: Buffer) => void): void {
  let head = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), headMs);
  socket.once('close', () => clearTimeout(timer));
  socket.on('data', function collect(chunk: Buffer) {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1 && head.length < maximumHead) return;
    clearTimeout(timer);
    socket.off('data', collect);
    socket.pause();
    if (end !== -1 && isForPrograms(head.toString('latin1', 0, end + 2))) onAdmitted(head);
    else socket.end(refusal);
  });
}

/** Browsers send Origin or Sec-Fetch headers with everything that matters, and the name they looked up as Host. */
function isForPrograms(head: string): boolean {
  if (/\r\n(?:origin|sec-fetch-[a-z]+)[ \t]*:/i.test(head)) return false;
  const hosts = [...head.matchAll(/\r\nhost[ \t]*:[ \t]*([^\r\n]*)/gi)].map(([, host]) => host!.trim());
  return hosts.length === 1 && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|172\.17\.8\.\d{1,3}|docker)(?::\d{1,5})?$/i.test(hosts[0]!);
}

function join(socket: Socket, target: Duplex, head: Buffer): void {
  target.on('error', () => socket.destroy());
  target.once('close', () => socket.destroy());
  socket.once('close', () => target.destroy());
  target.write(head);
  socket.pipe(target).pipe(socket);
}
