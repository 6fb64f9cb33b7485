// The preview's own origin: carries the learner's browser request to the deployed server, through the cluster's SSH tunnel.
import { randomBytes } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as openRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { listenOn } from './listen.ts';

export interface Preview {
  origin: string;
  /** What the page puts into its frame; the path holds a secret of this start, so only the page knows it. */
  url: string;
  close(): Promise<void>;
}

export interface PreviewOptions {
  /** Tried first; the next free one is taken when it is busy. */
  port: number;
  appOrigin(): string;
  /** The address of the machine that runs the deployed server now, or undefined. */
  target(): string | null;
  connect(address: string, port: number): Promise<Duplex>;
}

/** What of the browser's request reaches the deployed server; cookies, credentials and traces of the app stay behind. */
const forwarded = ['accept', 'user-agent', 'x-request-id', 'content-type', 'content-length'];
/** What of the answer never reaches the browser. */
const withheld = [
  'set-cookie',
  'location',
  'clear-site-data',
  'service-worker-allowed',
  'refresh',
  'content-security-policy',
  'connection',
  'transfer-encoding',
];
const limitMs = 5000;
/** How long a refused connection is tried again before the frame is told. */
const patienceMs = 3000;
const retryMs = 100;
const maxBytes = 1 << 20;

export async function openPreview(options: PreviewOptions): Promise<Preview> {
  const capability = randomBytes(16).toString('hex');
  const server = createServer({ maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000 }, answer);
  server.on('upgrade', (_request, socket) => socket.destroy());
  const port = await listenOn(server, options.port);
  const host = `127.0.0.1:${port}`;

  return { origin: `http://${host}`, url: `http://${host}/${capability}/`, close: () => closeServer(server) };

  function answer(request: IncomingMessage, response: ServerResponse) {
    response.setHeader('Content-Security-Policy', `sandbox allow-scripts allow-forms; frame-ancestors ${options.appOrigin()}`);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cache-Control', 'no-store');
    const path = pathBehind(capability, request.url ?? '');
    if (request.headers.host !== host || path === undefined) return explain(response, 404, 'There is nothing here.');
    // Only a frame may show the page; only the page in that frame may load more.
    if (request.headers['sec-fetch-mode'] === 'navigate' && request.headers['sec-fetch-dest'] !== 'iframe') {
      return explain(response, 403, 'The preview is part of the tutorial’s page and works only there.');
    }
    const target = options.target();
    if (!target) return tryLater(response, 503, 'Nothing is deployed yet: no machine of the cluster runs the server.');
    forward(request, response, target, path).catch((error: Error) =>
      tryLater(response, 502, `http://${target}/ did not answer: ${error.message}`),
    );
  }

  /** systemd calls a unit running once its program is forked; the server in it listens some moments later. */
  async function connectPatiently(target: string): Promise<Duplex> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      try {
        return await options.connect(target, 80);
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await delay(retryMs);
      }
    }
  }

  async function forward(request: IncomingMessage, response: ServerResponse, target: string, path: string) {
    const stream = await connectPatiently(target);
    const outgoing = openRequest({
      method: request.method,
      path,
      headers: { ...pick(request.headers, forwarded), host: target },
      // The tunnel's stream serves as the connection.
      createConnection: () => stream as never,
      signal: AbortSignal.timeout(limitMs),
    });
    response.on('close', () => outgoing.destroy());
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve);
      outgoing.on('error', reject);
      request.pipe(outgoing);
    });
    const headers = Object.entries(incoming.headers).filter(([name]) => !withheld.includes(name));
    response.writeHead(incoming.statusCode ?? 502, Object.fromEntries(headers) as Record<string, string>);
    let left = maxBytes;
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      left -= chunk.length;
      if (left < 0) return response.destroy(); // more than a preview shows
      response.write(chunk);
    }
    response.end();
  }
}

/** The path as the deployed server sees it, or undefined when the request does not know the capability. */
function pathBehind(capability: string, url: string): string | undefined {
  return url.startsWith(`/${capability}/`) ? url.slice(capability.length + 1) : undefined;
}

function pick(headers: IncomingHttpHeaders, names: string[]) {
  return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
}

/** The frame looks again by itself: what is missing may be on its way. */
function tryLater(response: ServerResponse, status: number, reason: string) {
  if (!response.headersSent) response.setHeader('Refresh', '1');
  explain(response, status, `${reason}\n\nTrying again every second …`);
}

function explain(response: ServerResponse, status: number, text: string) {
  if (response.headersSent) return response.destroy();
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
