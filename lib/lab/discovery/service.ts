// The discovery service, as discovery.etcd.io was: each token is a directory of an etcd store.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Etcd, openEtcd } from '../etcd/etcd.ts';
import { readForm } from '../etcd/form.ts';
import { answer, answerNotFound, answerWrongMethod, readBody, requestTarget } from '../etcd/http-plain.ts';
import { loneMember } from '../etcd/members.ts';
import { refuseForeign } from '../etcd/request-gate.ts';

export interface DiscoveryOptions {
  /** Holds the tokens; made if it is missing. */
  directory: string;
  /** What stands before the token in new URLs: `http://127.0.0.1:8087`. */
  baseUrl(): string;
}

export interface Discovery {
  handler: RequestListener;
  close(): Promise<void>;
}

const registry = '/_etcd/registry';
/** What a URL without `size` gets: three machines, as at discovery.etcd.io. */
const usualSize = '3';
const protocolPage = 'https://github.com/etcd-io/etcd/blob/release-3.4/Documentation/dev-internal/discovery_protocol.md';
const mostFormBytes = 4096;
const text = 'text/plain; charset=utf-8';

export async function openDiscovery({ directory, baseUrl }: DiscoveryOptions): Promise<Discovery> {
  const members = loneMember('discovery', baseUrl);
  const etcd = await openEtcd({ directory, members });
  const keys = etcd.handlerOf(members.leader().id);
  if (etcd.store.index <= 3) etcd.store.set(registry, { dir: true }); // so that it is the token that is missing, not this
  return {
    handler(request, response) {
      const names = URL.canParse(baseUrl()) ? [new URL(baseUrl()).hostname] : [];
      if (refuseForeign(request, response, names)) return;
      serve({ etcd, keys, baseUrl }, request, response).catch((error) => {
        if (response.headersSent) response.destroy();
        else answer(response, 400, `Unable to generate token: ${error.message}\n`, text);
      });
    },
    close: () => etcd.close(),
  };
}

interface Service {
  etcd: Etcd;
  /** etcd's own API, of which a token is a part. */
  keys: RequestListener;
  baseUrl(): string;
}

async function serve({ etcd, keys, baseUrl }: Service, request: IncomingMessage, response: ServerResponse) {
  const { path, query } = requestTarget(request);
  const method = request.method ?? '';
  if (path === '/new') return serveNew(etcd, baseUrl, request, response, query);
  if (path === '/health') return answer(response, 200, 'OK', text);
  if (path === '/robots.txt') return answer(response, 200, 'User-agent: *\nDisallow: /\n', text);
  if (path === '/') {
    response.setHeader('Location', protocolPage);
    return answer(response, 301, '');
  }
  const [, token, below = ''] = /^\/([0-9a-f]{32})(\/[^/]+|\/_config\/size|\/)?$/.exec(path) ?? [];
  if (token === undefined) return answerNotFound(response);
  const methods = below === '/_config/size' ? ['GET'] : below.length > 1 ? ['GET', 'PUT', 'DELETE'] : ['GET', 'PUT'];
  if (!methods.includes(method)) return answerWrongMethod(response, methods.join(','));
  // A token that nobody asked for stays unknown, whatever the method: etcd then names what is missing.
  if (!isKnown(etcd, token)) request.method = 'GET';
  const target = `/v2/keys${registry}/${token}${below}`;
  request.url = query ? `${target}?${query}` : target;
  keys(request, response);
}

async function serveNew(etcd: Etcd, baseUrl: () => string, request: IncomingMessage, response: ServerResponse, query: string) {
  const hasForm = request.method === 'POST' || request.method === 'PUT';
  const body = hasForm ? await readBody(request, mostFormBytes) : undefined;
  const size = readForm(query, body?.toString('latin1'), request.headers['content-type']).get('size') || usualSize;
  if (!/^[+-]?\d{1,18}$/.test(size)) {
    return answer(response, 400, `strconv.Atoi: parsing ${JSON.stringify(size)}: invalid syntax\n`, text);
  }
  const token = randomBytes(16).toString('hex');
  etcd.store.create(`${registry}/${token}/_config/size`, { value: String(Number(size)) });
  await etcd.durable();
  answer(response, 200, `${baseUrl().replace(/\/+$/, '')}/${token}`, text);
}

function isKnown(etcd: Etcd, token: string): boolean {
  try {
    etcd.store.get(`${registry}/${token}`);
    return true;
  } catch {
    return false;
  }
}
