// The HTTP API of etcd 2 as etcd 3.4 serves it with --enable-v2.
import { type IncomingMessage, type RequestListener, type ServerResponse, STATUS_CODES } from 'node:http';
import { decodePath, longestForm, readForm } from './form.ts';
import { type EtcdIdentity, serveOther } from './http-other.ts';
import { answer, answerWrongMethod, cleanPath, readBody, requestTarget } from './http-plain.ts';
import { applyKeyRequest, type KeyRequest, parseKeyRequest } from './key-request.ts';
import type { KeyStore } from './key-store.ts';
import type { PlainHandler } from './plain-requests.ts';
import { refuseForeign } from './request-gate.ts';
import { EtcdError, encodeBareEvent, encodeError, encodeEvent, type KeyEvent } from './wire.ts';

export interface EtcdService extends EtcdIdentity {
  store: KeyStore;
  /** Resolves when everything that was written until now is on disk. */
  durable(): Promise<void>;
  /** `index` grows with every attempt to write. */
  raft: { index: number; term: number };
}

/** Deeper keys would overflow the stack of those who walk the tree; real ones have five parts. */
const deepestKey = 512;
/** A watcher that reads slower than this is cut off, as etcd does after 100 missed events. */
const mostUnreadBytes = 1024 * 1024;
const commonHeaders = [
  ['Access-Control-Allow-Headers', 'accept, content-type, authorization'],
  ['Access-Control-Allow-Methods', 'POST, GET, OPTIONS, PUT, DELETE'],
  ['Access-Control-Allow-Origin', '*'],
] as const;
const commonLines = commonHeaders.map(([name, value]) => `${name}: ${value}\r\n`).join('');
const keyMethods = ['HEAD', 'GET', 'PUT', 'POST', 'DELETE'];

export function etcdHandler(service: EtcdService): RequestListener {
  return (request, response) => {
    if (refuseForeign(request, response)) return;
    response.removeHeader('Connection'); // Go leaves it out while it keeps the connection open
    for (const [name, value] of commonHeaders) response.setHeader(name, value);
    if (request.method === 'OPTIONS') return answer(response, 200, '');
    const target = requestTarget(request);
    const path = decodePath(target.path);
    if (path === undefined) return answer(response, 400, '400 Bad Request', 'text/plain; charset=utf-8');
    const clean = cleanPath(path);
    if (clean !== path) return redirect(request, response, clean, target.query);
    if (path !== '/v2/keys' && !path.startsWith('/v2/keys/')) return serveOther(service, request, response, path);
    serveKeys(service, request, response, path.slice('/v2/keys'.length), target.query).catch((error) => fail(response, error));
  };
}

async function serveKeys(service: EtcdService, request: IncomingMessage, response: ServerResponse, path: string, query: string) {
  const method = request.method ?? '';
  if (!keyMethods.includes(method)) return answerWrongMethod(response, keyMethods.join(','));
  response.setHeader('X-Etcd-Cluster-Id', service.clusterId);
  const hasForm = method === 'PUT' || method === 'POST';
  const body = hasForm ? await readBody(request, longestForm + 1) : undefined;
  const keyRequest = parseKeyRequest(method, path, readForm(query, body, request.headers['content-type']));
  if (path.split('/').length > deepestKey) throw new EtcdError(210, `a key has at most ${deepestKey} parts here`, 0);
  // A quorum read goes through the log like a write, and never waits.
  if (method === 'GET' && keyRequest.wait && !keyRequest.quorum) return watch(service, keyRequest, response);
  const result = carryOut(service, keyRequest);
  if (result.changes) await service.durable();
  setIndexHeaders(service, response, result.index);
  answer(response, result.status, result.body, 'application/json');
}

/** `changes`: the answer must wait until it is on disk. */
function carryOut(service: EtcdService, keyRequest: KeyRequest): { status: number; index: number; body: string; changes: boolean } {
  const { method, quorum, noValueOnSuccess } = keyRequest;
  const writes = method !== 'HEAD' && (method !== 'GET' || quorum);
  if (writes) service.raft.index++;
  const event = applyKeyRequest(service.store, keyRequest);
  const bare = noValueOnSuccess && ['set', 'compareAndSwap', 'create', 'update'].includes(event.action);
  const body = bare ? encodeBareEvent(event) : encodeEvent(event);
  return { status: isNew(event) ? 201 : 200, index: service.store.index, body, changes: writes && method !== 'GET' };
}

/** The same answers as the handler's, for reads and writes of keys that succeed or fail in a plain way. */
export function plainKeysHandler(service: EtcdService): PlainHandler {
  let date = '';
  let dateUntil = 0;
  const respond = (status: number, index: number, body: string, raft = '') => {
    const now = Date.now();
    if (now >= dateUntil) {
      date = new Date(now).toUTCString();
      dateUntil = now - (now % 1000) + 1000;
    }
    return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${commonLines}X-Etcd-Cluster-Id: ${service.clusterId}\r\nX-Etcd-Index: ${index}\r\n${raft}Content-Type: application/json\r\nDate: ${date}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  };
  const refuse = (error: unknown) => {
    const refusal = asRefusal(error);
    return respond(refusal.status, refusal.index, encodeError(refusal));
  };
  return ({ method, path, query, body, contentType }) => {
    if (path !== '/v2/keys' && !path.startsWith('/v2/keys/')) return undefined;
    try {
      const keyPath = path.slice('/v2/keys'.length);
      const keyRequest = parseKeyRequest(method, keyPath, readForm(query, body, contentType));
      if (keyRequest.wait || path.split('/').length > deepestKey) return undefined;
      const result = carryOut(service, keyRequest);
      const done = () => {
        const { raft } = service;
        return respond(result.status, result.index, result.body, `X-Raft-Index: ${raft.index}\r\nX-Raft-Term: ${raft.term}\r\n`);
      };
      return result.changes ? service.durable().then(done, refuse) : done();
    } catch (error) {
      return refuse(error);
    }
  };
}

function watch(service: EtcdService, { path, recursive, stream, waitIndex }: KeyRequest, response: ServerResponse) {
  const early: KeyEvent[] = [];
  let tell = (event: KeyEvent) => void early.push(event);
  const watcher = service.store.watch(path, { recursive, stream, since: waitIndex }, (event) => tell(event));
  setIndexHeaders(service, response, watcher.startIndex);
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.flushHeaders();
  response.on('close', () => watcher.close());
  tell = (event) => {
    response.write(encodeEvent(event));
    if (!stream || response.writableLength > mostUnreadBytes) response.end();
    if (response.writableEnded) watcher.close();
  };
  for (const event of early) tell(event);
}

function isNew(event: KeyEvent): boolean {
  return event.action === 'create' || (event.action === 'set' && !event.prevNode);
}

function setIndexHeaders({ raft }: EtcdService, response: ServerResponse, index: number): void {
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

function asRefusal(error: unknown): EtcdError {
  return error instanceof EtcdError ? error : new EtcdError(300, error instanceof Error ? error.message : String(error), 0);
}

function redirect(request: IncomingMessage, response: ServerResponse, path: string, query: string) {
  const escaped = encodeURI(path).replace(/[!'()*?#[\]]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const location = query ? `${escaped}?${query}` : escaped;
  response.setHeader('Location', location);
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 301, '');
  const link = location.replaceAll('&', '&amp;').replaceAll('"', '&#34;');
  answer(response, 301, `<a href="${link}">Moved Permanently</a>.\n\n`, 'text/html; charset=utf-8');
}
