// One call of the Docker Engine API, whether answered as HTTP or taken over as a stream.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable, Writable } from 'node:stream';
import { ApiError } from './api-error.ts';

export interface ApiCall {
  /** What the route's pattern caught. */
  params: string[];
  query: URLSearchParams;
  /** Aborts when the client is gone. */
  signal: AbortSignal;
  /** The body as JSON; `{}` when there is none. */
  body(): Promise<unknown>;
  json(status: number, value: unknown): void;
  /** A status without a body. */
  empty(status: number): void;
  /** An answer of unknown length; its head is sent at once. */
  stream(contentType: string): Writable;
  /** The connection itself, both ways: after an `Upgrade: tcp` with input, else the answer's stream alone. */
  hijack(contentType: string): { output: Writable; input: Readable | null };
}

export type Route = [method: string, path: RegExp, handle: (call: ApiCall) => void | Promise<void>];

/** Whatever the body says, it is short. */
const bodyBytes = 1024 * 1024;

export function plainCall(request: IncomingMessage, response: ServerResponse, params: string[], query: URLSearchParams): ApiCall {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.on('error', () => undefined); // the client left in the middle of an answer; `close` follows
  const stream = (contentType: string) => {
    response.writeHead(200, { 'Content-Type': contentType }).flushHeaders();
    return response;
  };
  return {
    params,
    query,
    signal: gone.signal,
    body: () => readJson(request),
    json(status, value) {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(value)}\n`);
    },
    empty: (status) => void response.writeHead(status).end(),
    stream,
    hijack: (contentType) => ({ output: stream(contentType), input: null }),
  };
}

/** Node hands over the bare connection, so the answer's head is written by hand. The request's body, if any, comes first on it. */
export function upgradedCall(request: IncomingMessage, socket: Duplex, head: Buffer, params: string[], query: URLSearchParams): ApiCall {
  const gone = new AbortController();
  socket.on('close', () => gone.abort());
  socket.on('error', () => socket.destroy());
  if (head.length > 0) socket.unshift(head);
  const answer = (status: number, type: string, text: string) =>
    socket.end(
      `HTTP/1.1 ${status} ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
    );
  const take = (contentType: string) => {
    socket.write(`HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`);
    return socket;
  };
  return {
    params,
    query,
    signal: gone.signal,
    body: async () => parseJson(await takeBytes(socket, Number(request.headers['content-length'] ?? 0))),
    json: (status, value) => void answer(status, 'application/json', `${JSON.stringify(value)}\n`),
    empty: (status) => void answer(status, 'text/plain', ''),
    stream: take,
    hijack: (contentType) => ({ output: take(contentType), input: socket }),
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytes) throw new ApiError(413, `the request's body is longer than ${bodyBytes} bytes`);
    chunks.push(chunk);
  }
  return parseJson(Buffer.concat(chunks));
}

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    throw new ApiError(400, `the request's body is not JSON: ${(cause as Error).message}`);
  }
}

async function takeBytes(socket: Duplex, length: number): Promise<Buffer> {
  if (!(length <= bodyBytes)) throw new ApiError(413, `the request's body is longer than ${bodyBytes} bytes`);
  const chunks: Buffer[] = [];
  let missing = length;
  while (missing > 0) {
    const chunk = (socket.read(Math.min(missing, socket.readableLength || missing)) ?? null) as Buffer | null;
    if (chunk) {
      chunks.push(chunk);
      missing -= chunk.length;
    } else if (socket.readableEnded || socket.destroyed) throw new ApiError(400, 'the request ends in the middle of its body');
    else await new Promise<void>((resolve) => socket.once('readable', resolve).once('end', resolve).once('close', resolve));
  }
  return Buffer.concat(chunks);
}
