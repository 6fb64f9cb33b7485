/** HTTP servers on this computer's loopback address. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { answerPlainRequests, type PlainHandler } from './etcd/plain-requests.ts';

export interface LoopbackServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on the wanted port, or on any free one when that is taken. `plain` is asked first for what it can answer. */
export async function listenOnLoopback(handler: RequestListener, wanted: number, plain?: PlainHandler): Promise<LoopbackServer> {
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16 * 1024 }, handler);
  server.maxConnections = 1024;
  // A watch is an answer that takes its time; only waiting for the next request has an end.
  server.keepAliveTimeout = 60_000;
  const drop = plain ? answerPlainRequests(server, plain) : () => {};
  try {
    await listen(server, wanted);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' && (error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    await listen(server, 0);
  }
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : wanted,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        drop();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}
