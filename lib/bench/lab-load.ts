// A client for measuring HTTP servers: so many connections, each with one request under way. It does as little as it can, so that the server is what is measured.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Load {
  /** Requests per second. */
  rate: number;
  /** Milliseconds of each request. */
  took: number[];
}

export interface LoadOptions {
  /** On 127.0.0.1. */
  port: number;
  connections: number;
  ms: number;
  /** The n-th request, whole, as it goes over the wire. */
  request(n: number): string;
}

/** Rejects when an answer is no success, or a connection ends. */
export async function measureLoad({ port, connections, ms, request }: LoadOptions): Promise<Load> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const took: number[] = [];
  const began = performance.now();
  let sent = 0;
  try {
    await Promise.all(
      sockets.map(
        (socket) =>
          new Promise<void>((resolve, reject) => {
            let start = began;
            const next = () => void socket.write(request(sent++), 'latin1');
            readAnswers(socket, reject, () => {
              const now = performance.now();
              took.push(now - start);
              start = now;
              if (now - began < ms) next();
              else resolve();
            });
            next();
          }),
      ),
    );
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  return { rate: (took.length / (performance.now() - began)) * 1000, took };
}

/**
 * Opens so many streaming watches of a key and changes it, again and again.
 *
 * @returns for each change, the milliseconds until the last watcher had its event
 */
export async function measureFanOut(port: number, watchers: number, changes: number): Promise<number[]> {
  const key = `/v2/keys/bench/watched-${Math.random().toString(36).slice(2)}`;
  const [writer, ...sockets] = await Promise.all(Array.from({ length: watchers + 1 }, () => open(port)));
  const took: number[] = [];
  let told = 0;
  let all = () => {};
  try {
    await Promise.all(
      sockets.map(async (socket) => {
        socket.write(get(`${key}?wait=true&stream=true`));
        await once(socket, 'data'); // the headers: the watch is on
        socket.on('data', (chunk: Buffer) => {
          // One line for each event; the sizes of chunks stand on lines of their own.
          for (let at = chunk.indexOf('{"action"'); at >= 0; at = chunk.indexOf('{"action"', at + 1)) told++;
          if (told >= watchers) all();
        });
      }),
    );
    for (let change = 0; change < changes; change++) {
      const start = performance.now();
      told = 0;
      await new Promise<void>((resolve, reject) => {
        all = resolve;
        writer!.once('close', () => reject(new Error('The server closed the connection.')));
        writer!.write(put(key, `value-${change}`));
      });
      took.push(performance.now() - start);
    }
  } finally {
    for (const socket of [writer!, ...sockets]) socket.destroy();
  }
  return took;
}

export function get(target: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n\r\n`;
}

/** @param value without anything that a form would have to escape */
export function put(path: string, value: string): string {
  const form = `value=${value}`;
  return `PUT ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n${form}`;
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  return socket;
}

/** Calls `onAnswer` whenever an answer is whole. */
function readAnswers(socket: Socket, fail: (error: Error) => void, onAnswer: () => void): void {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text = text === '' ? chunk.toString('latin1') : text + chunk.toString('latin1');
    if (text.length < answerLength(text)) return;
    const refused = !text.startsWith('HTTP/1.1 20');
    if (refused) return fail(new Error(`The server refused: ${text}`));
    text = '';
    onAnswer();
  });
  socket.on('close', () => fail(new Error('The server closed the connection.')));
}

/** Infinite while that cannot be told yet. Every answer to a plain request has a length. */
function answerLength(text: string): number {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return Number.POSITIVE_INFINITY;
  const field = text.indexOf('Content-Length: ');
  if (field < 0 || field > end) throw new Error(`The answer has no length: ${text.slice(0, end)}`);
  return end + 4 + Number.parseInt(text.slice(field + 16, field + 26), 10);
}
