// The app's HTTP server: gate, security headers, then socket.io's engine or Next.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Server as Engine } from 'engine.io';
import type { Gate, Verdict } from './gate.ts';
import { protect } from './headers.ts';

export interface WebOptions {
  gate: Gate;
  origins: { app: string; preview: string };
  engine: Engine;
  /** Next's handler. */
  pages(request: IncomingMessage, response: ServerResponse): Promise<void>;
  dev: boolean;
}

/** Sockets that speak something else than HTTP now; the HTTP server no longer counts them as its connections. */
const upgraded = new Set<Duplex>();

/** Largest body that is read: a server action carries ids only. */
const maxBody = 256 * 1024;

export function createWebServer(): Server {
  const server = createServer({ maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000 });
  server.maxConnections = 1024;
  return server;
}

/** Ends every connection, those that were upgraded included: a development page holds one for its hot reload. */
export async function closeWeb(server: Server): Promise<void> {
  server.closeAllConnections();
  const closed = new Promise((resolve) => server.close(resolve));
  for (const socket of upgraded) socket.destroy();
  await closed;
}

/** Puts the gate, and behind it the app, onto a server. */
export function serveWeb(server: Server, { gate, origins, engine, pages, dev }: WebOptions): void {
  server.on('request', (request, response) => {
    protect(request, response, origins, dev);
    const verdict = gate.admit(request);
    if (verdict.verdict !== 'admitted') return turnAway(response, verdict, gate);
    if (Number(request.headers['content-length'] ?? 0) > maxBody) {
      return turnAway(response, { verdict: 'refused', status: 413, reason: 'This is too large.' }, gate);
    }
    if (isSocket(request)) engine.handleRequest(request as never, response);
    else pages(request, response).catch((error: Error) => response.destroy(error));
  });

  server.on('upgrade', (request, socket, head) => {
    const verdict = gate.admit(request);
    if (verdict.verdict === 'refused') return refuseUpgrade(socket, verdict);
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    if (isSocket(request)) engine.handleUpgrade(request as never, socket, head);
    // In development Next adds a listener of its own for its hot reload; nothing else upgrades.
    else if (!(dev && request.url?.startsWith('/_next/'))) socket.destroy();
  });
}

function isSocket(request: IncomingMessage): boolean {
  return request.url?.startsWith('/socket.io/') ?? false;
}

function turnAway(response: ServerResponse, verdict: Exclude<Verdict, { verdict: 'admitted' }>, { cookie }: Gate) {
  if (verdict.verdict === 'exchange') {
    response
      .writeHead(303, { Location: verdict.location, 'Set-Cookie': `${cookie.name}=${cookie.value}; HttpOnly; SameSite=Strict; Path=/` })
      .end();
  } else {
    response.writeHead(verdict.status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' }).end(`${verdict.reason}\n`);
  }
}

function refuseUpgrade(socket: Duplex, { status, reason }: { status: number; reason: string }) {
  socket.on('error', () => {}); // the other side may hang up first
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${reason}\n`);
}
