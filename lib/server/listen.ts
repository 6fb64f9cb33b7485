import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How many ports after the wanted one are tried before any free one is taken. */
const neighbours = 20;

/** Listens on 127.0.0.1, on the wanted port or the next free one, and answers with the port. 0 takes any free one. */
export async function listenOn(server: Server, wanted: number): Promise<number> {
  const candidates =
    wanted === 0 ? [0] : [...Array.from({ length: neighbours }, (_, index) => wanted + index).filter((port) => port < 65_536), 0];
  for (const port of candidates) {
    if (await tryPort(server, port)) return (server.address() as AddressInfo).port;
  }
  throw new Error(`No port from ${wanted} on is free on 127.0.0.1: choose one with --port NUMBER.`);
}

function tryPort(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      server.off('listening', onListening);
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    };
    const onListening = () => {
      server.off('error', onError);
      resolve(true);
    };
    server.once('error', onError);
    server.once('listening', onListening);
    server.listen(port, '127.0.0.1');
  });
}
