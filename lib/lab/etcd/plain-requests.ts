// The short way for what clients ask a thousand times a second: whole, plain requests are answered straight from the socket.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { isOurs } from './request-gate.ts';

export interface PlainRequest {
  method: string;
  /** As sent, without anything that would need decoding. */
  path: string;
  query: string;
  body: Buffer | undefined;
  contentType: string | undefined;
}

/** Answers with the whole response; undefined when the request is not one for the short way. Must not throw. */
export type PlainHandler = (request: PlainRequest) => string | Promise<string> | undefined;

/** As for the other connections. */
const idleMs = 60_000;
const longestRequest = 64 * 1024;
const target = /^(GET|PUT) (\/[\w/.-]*)(?:\?([^\s#]*))? HTTP\/1\.1$/;
/** Others may mean that the request is not plain: a proxy's, a browser's, one that goes on. */
const plainHeaders = new Set(['host', 'user-agent', 'accept', 'accept-encoding', 'content-type', 'content-length']);

/**
 * Puts the short way in front of an HTTP server. The first request of a connection that is not plain, or does not arrive
 * in one piece, hands the connection to the server for good. Answers with the function that drops the connections on the
 * short way.
 */
export function answerPlainRequests(server: Server, handle: PlainHandler): () => void {
  const listeners = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  const sockets = new Set<Socket>();
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    let busy = false;
    let early: Buffer[] = [];
    const drop = () => void socket.destroy();

    function handOver(chunk: Buffer): void {
      leave();
      socket.setTimeout(0);
      socket.unshift(chunk);
      for (const listener of listeners) listener.call(server, socket);
    }

    function leave(): void {
      sockets.delete(socket);
      socket.off('data', take).off('end', drop).off('error', drop).off('timeout', drop).off('close', leave);
    }

    function take(chunk: Buffer): void {
      if (busy) {
        early.push(chunk);
        return;
      }
      const request = parsePlainRequest(chunk);
      const answer = request && handle(request);
      if (answer === undefined) handOver(chunk);
      else if (typeof answer === 'string') socket.write(answer);
      else finish(answer);
    }

    function finish(answer: Promise<string>): void {
      busy = true;
      void answer.then((text) => {
        socket.write(text);
        busy = false;
        const next = Buffer.concat(early);
        early = [];
        if (next.length > 0) take(next);
      });
    }

    socket.setTimeout(idleMs);
    socket.on('data', take).on('end', drop).on('error', drop).on('timeout', drop).on('close', leave);
  });
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

function parsePlainRequest(chunk: Buffer): PlainRequest | undefined {
  if (chunk.length > longestRequest) return undefined;
  const end = chunk.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const lines = chunk.toString('latin1', 0, end).split('\r\n');
  const [, method, path, query = ''] = target.exec(lines[0]!) ?? [];
  if (method === undefined || path === undefined || path.includes('//') || path.includes('/.')) return undefined;
  const headers = readHeaders(lines);
  if (!headers || !isOurs(headers.get('host') ?? '', [])) return undefined;
  const length = headers.get('content-length') ?? (method === 'GET' ? '0' : '');
  if (!/^\d{1,6}$/.test(length) || Number(length) !== chunk.length - end - 4) return undefined;
  const body = method === 'GET' ? undefined : chunk.subarray(end + 4);
  return method === 'GET' && length !== '0' ? undefined : { method, path, query, body, contentType: headers.get('content-type') };
}

/** Undefined when there is one that is not plain, or one twice. */
function readHeaders(lines: string[]): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index]!;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'connection' && value.toLowerCase() === 'keep-alive') continue;
    if (!plainHeaders.has(name) || headers.has(name)) return undefined;
    headers.set(name, value);
  }
  return headers;
}
