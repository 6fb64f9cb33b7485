// The HTTP side of etcdctl: finds the members, then asks one endpoint after the other.
import { type IncomingMessage, request } from 'node:http';
import type { Member } from '../members.ts';
import { badArguments, badConnection, Failure, serverError } from './failure.ts';

/** A node as the server sends it; see the etcd v2 keys API. */
export interface Node {
  key?: string;
  dir?: boolean;
  value?: string;
  nodes?: Node[];
  createdIndex?: number;
  modifiedIndex?: number;
  expiration?: string;
  ttl?: number;
}

export interface KeyResponse {
  action: string;
  node: Node;
  prevNode?: Node;
  /** `X-Etcd-Index` of the answer. */
  index: number;
}

interface Reply {
  status: number;
  index: number;
  body: string;
  endpoint: string;
}

export interface ClientOptions {
  endpoints: string[];
  /** `user:password`, for servers that ask for it. */
  credentials: string | undefined;
  /** How long one endpoint may take to answer; a watch may take for ever once it is connected. */
  patienceMs: number;
  /** Told about every request, if anybody wants to know. */
  debug: ((line: string) => void) | undefined;
}

export class Client {
  #endpoints: string[];
  #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#endpoints = options.endpoints;
  }

  /** Replaces the endpoints by what the members say of themselves, as etcdctl does before every command. */
  async sync(): Promise<void> {
    const { debug } = this.#options;
    debug?.(`start to sync cluster using endpoints(${this.#endpoints.join(',')})`);
    await this.#sync();
    debug?.(`got endpoints(${this.#endpoints.join(',')}) after sync`);
  }

  /** Says which endpoints the command will use. */
  announce(): void {
    this.#options.debug?.(`Cluster-Endpoints: ${this.#endpoints.join(', ')}`);
  }

  async #sync(): Promise<void> {
    const reply = await this.#ask('GET', '/v2/members');
    if (reply.status === 404) return; // not every server of the API has members
    const urls = membersOf(reply).flatMap(({ clientURLs }) => clientURLs);
    if (urls.length === 0) {
      const hint = `Try '--no-sync' if you want to access non-published client endpoints(${this.#endpoints.join(',')}).`;
      throw new Failure(`etcd cluster has no published client endpoints.\n${hint}`, serverError);
    }
    this.#endpoints = urls;
  }

  async members(): Promise<{ members: Member[]; leader: Member | undefined }> {
    const members = membersOf(await this.#ask('GET', '/v2/members'));
    const leader = parse<Member>(await this.#ask('GET', '/v2/members/leader'));
    return { members, leader: leader?.id ? leader : undefined };
  }

  async addMember(peerUrl: string): Promise<Member> {
    const reply = await this.#ask('POST', '/v2/members', jsonBody({ peerURLs: [peerUrl] }));
    refuseUnless(reply, 201, [409, 400]);
    return parse<Member>(reply)!;
  }

  async removeMember(id: string): Promise<void> {
    refuseUnless(await this.#ask('DELETE', `/v2/members/${id}`), 204, []);
  }

  async updateMember(id: string, peerURLs: string[]): Promise<void> {
    refuseUnless(await this.#ask('PUT', `/v2/members/${id}`, jsonBody({ peerURLs })), 204, [400, 404, 409]);
  }

  /**
   * @param query parameters of the URL
   * @param form parameters of the body
   * @param patient wait for the answer as long as it takes
   */
  async keys(method: string, key: string, query: Record<string, string>, form?: Record<string, string>, patient = false) {
    const path = `/v2/keys${encodePath(key)}`;
    const search = new URLSearchParams(query).toString();
    const reply = await this.#ask(method, search ? `${path}?${search}` : path, form && formBody(form), patient);
    const answer = parse<KeyResponse & { errorCode?: number; message?: string; cause?: string; index?: number }>(reply);
    if (answer?.errorCode !== undefined) {
      throw new Failure(`Error:  ${answer.errorCode}: ${answer.message} (${answer.cause ?? ''}) [${answer.index}]`, serverError);
    }
    if (!answer?.node) {
      throw new Failure(`Error:  client: response is invalid json. The endpoint is probably not valid etcd cluster endpoint.`, serverError);
    }
    return { ...answer, index: reply.index };
  }

  async #ask(method: string, path: string, body?: Body, patient = false): Promise<Reply> {
    const problems: string[] = [];
    const { credentials, patienceMs, debug } = this.#options;
    for (const endpoint of this.#endpoints) {
      debug?.(`cURL Command: curl -X ${method} ${endpoint}${path}${body ? ` -d ${JSON.stringify(body.text)}` : ''}`);
      try {
        return await ask(endpoint, method, path, { body, patient, patienceMs, credentials });
      } catch (error) {
        problems.push(describe(error as NodeJS.ErrnoException, endpoint));
      }
    }
    const list = problems.map((problem, index) => `error #${index}: ${problem}\n`).join('');
    throw new Failure(`Error:  client: etcd cluster is unavailable or misconfigured; ${list}\n${list}`, badConnection);
  }
}

interface Body {
  type: string;
  text: string;
}

function formBody(form: Record<string, string>): Body {
  return { type: 'application/x-www-form-urlencoded', text: new URLSearchParams(form).toString() };
}

function jsonBody(value: unknown): Body {
  return { type: 'application/json', text: JSON.stringify(value) };
}

/** @param explained statuses whose answers say what is wrong in words */
function refuseUnless(reply: Reply, wanted: number, explained: number[]): void {
  if (reply.status === wanted) return;
  const message = explained.includes(reply.status) ? parse<{ message?: string }>(reply)?.message : undefined;
  throw new Failure(message ?? `unexpected status code ${reply.status}`, badArguments);
}

const healthPatienceMs = 2000;

/** What `/health` of a member says, or why it says nothing. */
export async function askHealth(url: string): Promise<{ healthy: boolean } | { problem: string }> {
  try {
    const { body } = await ask(url, 'GET', '/health', { patienceMs: healthPatienceMs });
    return { healthy: (JSON.parse(body) as { health?: unknown }).health === 'true' };
  } catch (error) {
    return { problem: describe(error as NodeJS.ErrnoException, url) };
  }
}

interface AskOptions {
  patienceMs: number;
  body?: Body | undefined;
  /** Wait for the body as long as it takes. */
  patient?: boolean;
  credentials?: string | undefined;
}

function ask(endpoint: string, method: string, path: string, { patienceMs, body, patient, credentials }: AskOptions): Promise<Reply> {
  const headers = {
    ...(body ? { 'Content-Type': body.type, 'Content-Length': Buffer.byteLength(body.text) } : {}),
    ...(credentials === undefined ? {} : { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(endpoint + path, { method, headers }, (response) => {
      if (patient) clearTimeout(timer);
      readAll(response).then((text) => {
        clearTimeout(timer);
        const index = Number(response.headers['x-etcd-index'] ?? 0);
        resolve({ status: response.statusCode ?? 0, index, body: text, endpoint });
      }, reject);
    });
    const timer = setTimeout(() => sent.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })), patienceMs);
    sent.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    sent.end(body?.text);
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return text;
}

function membersOf(reply: Reply): Member[] {
  return parse<{ members?: Member[] }>(reply)?.members ?? [];
}

function parse<T>({ body }: Reply): T | undefined {
  try {
    return JSON.parse(body) as T;
  } catch {
    return undefined;
  }
}

function encodePath(key: string): string {
  const path = key.startsWith('/') ? key : `/${key}`;
  return path.split('/').map(encodeURIComponent).join('/');
}

/** In the words of Go's net package. */
function describe(error: NodeJS.ErrnoException, endpoint: string): string {
  const { host } = new URL(endpoint);
  if (error.code === 'ECONNREFUSED') return `dial tcp ${host}: connect: connection refused`;
  if (error.code === 'ENOTFOUND') return `dial tcp: lookup ${host.replace(/:\d+$/, '')}: no such host`;
  if (error.code === 'ETIMEDOUT') return `client: endpoint ${endpoint} exceeded header timeout`;
  if (error.code === 'ECONNRESET') return 'EOF';
  return error.message;
}
