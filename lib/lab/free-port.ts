/** Finds ports on this computer's loopback address. */
import { createServer } from 'node:net';

/** Whether a server could listen on the port now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Keeps everybody else from the port until the answer is called. Rejects with `code: 'EADDRINUSE'` when it is taken. */
export function reservePort(port: number): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    const placeholder = createServer((socket) => socket.destroy());
    placeholder.once('error', reject);
    placeholder.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      resolve(() => new Promise((released) => placeholder.close(() => released())));
    });
  });
}

/** Where Vagrant looks when a port is taken. */
const usable = { from: 2200, to: 2250 };

/** The wanted port, or the first free one that Vagrant would take instead; `reserved` are in use as well. */
export async function choosePort(wanted: number, reserved: ReadonlySet<number> = new Set()): Promise<number> {
  for (let port = wanted; port <= usable.to || port === wanted; port = port === wanted ? usable.from : port + 1) {
    if (!reserved.has(port) && (await isPortFree(port))) return port;
  }
  throw new Error(`Port ${wanted} is taken, and so are all ports from ${usable.from} to ${usable.to}: free one of them and try again.`);
}
