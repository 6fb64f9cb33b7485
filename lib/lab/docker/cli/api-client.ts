// Talks to a daemon over its Unix socket.
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { CommandError, DaemonError } from './command-error.ts';

export interface ApiClient {
  /** The answer as JSON; rejects with the daemon's error. */
  call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown>;
  /** The answer as it comes. */
  stream(method: string, path: string): Promise<IncomingMessage>;
  /** The connection itself, both ways. */
  hijack(path: string, body?: unknown): Promise<Duplex>;
}

const prefix = '/v1.43';

export function connectTo(socketPath: string): ApiClient {
  function send(method: string, path: string, body: unknown, upgrade: boolean, signal?: AbortSignal): Promise<IncomingMessage | Duplex> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body);
      const headers: Record<string, string | number> = { Host: 'docker', 'Content-Length': Buffer.byteLength(text) };
      if (text) headers['Content-Type'] = 'application/json';
      if (upgrade) Object.assign(headers, { Connection: 'Upgrade', Upgrade: 'tcp' });
      const asked = request({ socketPath, method, path: `${prefix}${path}`, headers, ...(signal ? { signal } : {}) });
      asked.on('error', (error: NodeJS.ErrnoException) => reject(connectionError(error, socketPath)));
      asked.on('response', (response) => {
        if (response.statusCode! < 400) resolve(response);
        else void readText(response).then((answer) => reject(daemonError(response.statusCode!, answer)), reject);
      });
      asked.on('upgrade', (_response, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      asked.end(text);
    });
  }

  return {
    async call(method, path, body, signal) {
      const text = await readText((await send(method, path, body, false, signal)) as IncomingMessage);
      return text ? JSON.parse(text) : null;
    },
    stream: async (method, path) => (await send(method, path, undefined, false)) as IncomingMessage,
    hijack: async (path, body) => (await send('POST', path, body, true)) as Duplex,
  };
}

/** Where the daemon listens: `DOCKER_HOST`, else the machine that this shell or unit runs in. */
export function findSocket(environment: NodeJS.ProcessEnv, host = environment.DOCKER_HOST): string {
  if (host) {
    if (!host.startsWith('unix://'))
      throw new CommandError(`The daemon's address ${host} is refused: the lab's docker speaks to unix:// only.`);
    return host.slice('unix://'.length);
  }
  if (environment.COREOS_MACHINE) return `${environment.COREOS_MACHINE}/docker.sock`;
  throw new CommandError('This docker belongs to the lab and runs inside of its machines. Log in first: vagrant ssh core-01');
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function daemonError(status: number, answer: string): DaemonError {
  try {
    return new DaemonError(status, (JSON.parse(answer) as { message: string }).message);
  } catch {
    return new DaemonError(status, answer || `status ${status}`);
  }
}

function connectionError(error: NodeJS.ErrnoException, socketPath: string): CommandError {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
    return new CommandError(`Cannot connect to the Docker daemon at unix://${socketPath}. Is the docker daemon running?`);
  }
  return new CommandError(`error during connect: ${error.message}`);
}
