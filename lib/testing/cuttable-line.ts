// The way between a browser and the app as an HTTP proxy that can be cut: connections break, and no new one comes through until it is mended.
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface CuttableLine {
  /** For the browser: loopback goes through the proxy as well. */
  proxy: { server: string; bypass: string };
  cut(): void;
  mend(): void;
}

export async function layLine(): Promise<CuttableLine> {
  let whole = true;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}); // cut
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer();
  server.on('connection', (socket: Socket) => {
    keep(socket);
    if (!whole) socket.destroy();
  });
  server.on('request', (request, response) => {
    // A browser asks a proxy with the whole address; what stands behind it is copied as it comes.
    const { hostname, port, pathname, search } = new URL(request.url ?? '');
    const behind = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname);
    keep(behind);
    const headers = request.rawHeaders.flatMap((name, at, all) =>
      at % 2 || /^(proxy-)?connection$/i.test(name) ? [] : [`${name}: ${all[at + 1]}`],
    );
    behind.write(`${[`${request.method} ${pathname}${search} HTTP/1.1`, ...headers, 'Connection: close'].join('\r\n')}\r\n\r\n`);
    request.pipe(behind, { end: false });
    response.detachSocket(request.socket);
    behind.pipe(request.socket);
  });
  // What becomes a WebSocket.
  server.on('connect', (request, socket: Socket, head: Buffer) => {
    const [host, port] = (request.url ?? '').split(':');
    const behind = connect(Number(port), host === 'localhost' ? '127.0.0.1' : host);
    keep(behind);
    socket.write('HTTP/1.1 200 Connected\r\n\r\n');
    behind.write(head);
    socket.pipe(behind).pipe(socket);
    for (const [one, other] of [[socket, behind] as const, [behind, socket] as const]) one.on('close', () => other.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    proxy: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bypass: '<-loopback>' },
    cut() {
      whole = false;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      whole = true;
    },
  };
}
