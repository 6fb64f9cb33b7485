// The HTTP API of etcd 2 as etcd 3.4 serves it with --enable-v2.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { decodePath, longestForm, readForm } from './form.ts';
import { serveOther } from './http-other.ts';
import { answer, answerWrongMethod, cleanPath, readBody, requestTarget } from './http-plain.ts';
import { type KeyRequest, parseKeyRequest } from './key-request.ts';
import { asRefusal, carryOut, commonHeaders, isWatch, type KeyService, mostUnreadBytes, refuseDeepKey, watchKeys } from './key-service.ts';
import { refuseForeign } from './request-gate.ts';
import { encodeError } from './wire.ts';

const keyMethods = ['HEAD', 'GET', 'PUT', 'POST', 'DELETE'];

/** Requests of one connection are carried out one after the other, as in Go; Node by itself only puts the answers in order. */
export function etcdHandler(service: KeyService): RequestListener {
  const busy = new WeakMap<Socket, Promise<void>>();
  return (request, response) => {
    const before = busy.get(request.socket);
    busy.set(request.socket, new Promise((resolve) => response.once('close', resolve)));
    if (before) before.then(() => serve(service, request, response));
    else serve(service, request, response);
  };
}

function serve(service: KeyService, request: IncomingMessage, response: ServerResponse) {
  if (refuseForeign(request, response)) return;
  response.removeHeader('Connection'); // Go leaves it out while it keeps the connection open
  const target = requestTarget(request);
  const path = decodePath(target.path);
  if (path === undefined) return answer(response, 400, '400 Bad Request', 'text/plain; charset=utf-8');
  for (const [name, value] of commonHeaders) response.setHeader(name, value);
  if (request.method === 'OPTIONS') return answer(response, 200, '');
  const clean = cleanPath(path);
  if (clean !== path) return redirect(request, response, clean, target.query);
  if (path !== '/v2/keys' && !path.startsWith('/v2/keys/')) return serveOther(service, request, response, path);
  serveKeys(service, request, response, path.slice('/v2/keys'.length), target.query).catch((error) => fail(response, error));
}

async function serveKeys(service: KeyService, request: IncomingMessage, response: ServerResponse, path: string, query: string) {
  const method = request.method ?? '';
  if (!keyMethods.includes(method)) return answerWrongMethod(response, keyMethods.join(','));
  response.setHeader('X-Etcd-Cluster-Id', service.clusterId);
  const hasForm = method === 'PUT' || method === 'POST';
  const body = hasForm ? await readBody(request, longestForm + 1) : undefined;
  const keyRequest = parseKeyRequest(method, path, readForm(query, body?.toString('latin1'), request.headers['content-type']));
  refuseDeepKey(path);
  if (isWatch(keyRequest)) return watch(service, keyRequest, response);
  const result = carryOut(service, keyRequest);
  const saved = service.unsaved();
  if (saved) await (result.writes ? saved : saved.catch(() => {}));
  setIndexHeaders(service, response, result.index);
  answer(response, result.status, result.body, 'application/json');
}

function watch(service: KeyService, keyRequest: KeyRequest, response: ServerResponse): void {
  const watcher = watchKeys(service, keyRequest, (body) => {
    response.write(body);
    if (!keyRequest.stream || response.writableLength > mostUnreadBytes) response.end();
    if (response.writableEnded) watcher.close();
  });
  setIndexHeaders(service, response, watcher.startIndex);
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.flushHeaders();
  response.on('close', () => watcher.close());
}

function setIndexHeaders({ raft }: KeyService, response: ServerResponse, index: number): void {
  response.setHeader('X-Etcd-Index', index);
  response.setHeader('X-Raft-Index', raft.index);
  response.setHeader('X-Raft-Term', raft.term);
}

function fail(response: ServerResponse, error: unknown) {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const refusal = asRefusal(error);
  response.setHeader('X-Etcd-Index', refusal.index);
  answer(response, refusal.status, encodeError(refusal), 'application/json');
}

function redirect(request: IncomingMessage, response: ServerResponse, path: string, query: string) {
  const escaped = encodeURI(path).replace(/[!'()*?#[\]]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const location = query ? `${escaped}?${query}` : escaped;
  response.setHeader('Location', location);
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 301, '');
  const link = location.replaceAll('&', '&amp;').replaceAll('"', '&#34;');
  answer(response, 301, `<a href="${link}">Moved Permanently</a>.\n\n`, 'text/html; charset=utf-8');
}
