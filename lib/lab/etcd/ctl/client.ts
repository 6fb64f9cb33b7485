// The HTTP side of etcdctl: finds the members, then asks one endpoint after the other.
import { type IncomingMessage, request } from 'node:http';
import { badConnection, Failure, serverError } from './failure.ts';

export interface Member {
  id: string;
  name: string;
  peerURLs: string[];
  clientURLs: string[];
}

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

/** How long one endpoint may take to answer; a watch may take for ever once it is connected. */
const patienceMs = 2000;

export class Client {
  #endpoints: string[];

  constructor(endpoints: string[]) {
    this.#endpoints = endpoints;
  }

  /** Replaces the endpoints by what the members say of themselves, as etcdctl does before every command. */
  async sync(): Promise<void> {
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

  /**
   * @param query parameters of the URL
   * @param form parameters of the body
   * @param patient wait for the answer as long as it takes
   */
  async keys(method: string, key: string, query: Record<string, string>, form?: Record<string, string>, patient = false) {
    const path = `/v2/keys${encodePath(key)}`;
    const search = new URLSearchParams(query).toString();
    const reply = await this.#ask(method, search ? `${path}?${search}` : path, form, patient);
    const answer = parse<KeyResponse & { errorCode?: number; message?: string; cause?: string; index?: number }>(reply);
    if (answer?.errorCode !== undefined) {
      throw new Failure(`Error:  ${answer.errorCode}: ${answer.message} (${answer.cause ?? ''}) [${answer.index}]`, serverError);
    }
    if (!answer?.node) {
      throw new Failure(`Error:  client: response is invalid json. The endpoint is probably not valid etcd cluster endpoint.`, serverError);
    }
    return { ...answer, index: reply.index };
  }

  async #ask(method: string, path: string, form?: Record<string, string>, patient = false): Promise<Reply> {
    const problems: string[] = [];
    for (const endpoint of this.#endpoints) {
      try {
        return await ask(endpoint, method, path, form, patient);
      } catch (error) {
        problems.push(describe(error as NodeJS.ErrnoException, endpoint));
      }
    }
    const list = problems.map((problem, index) => `error #${index}: ${problem}\n`).join('');
    throw new Failure(`Error:  client: etcd cluster is unavailable or misconfigured; ${list}\n${list}`, badConnection);
  }
}

/** What `/health` of a member says, or why it says nothing. */
export async function askHealth(url: string): Promise<{ healthy: boolean } | { problem: string }> {
  try {
    const { body } = await ask(url, 'GET', '/health', undefined, false);
    return { healthy: (JSON.parse(body) as { health?: unknown }).health === 'true' };
  } catch (error) {
    return { problem: describe(error as NodeJS.ErrnoException, url) };
  }
}

function ask(endpoint: string, method: string, path: string, form: Record<string, string> | undefined, patient: boolean): Promise<Reply> {
  const body = form && new URLSearchParams(form).toString();
  const headers =
    body === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(body) };
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
    sent.end(body);
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
  if (error.code === 'ETIMEDOUT') return 'client: endpoint exceeded header timeout';
  if (error.code === 'ECONNRESET') return 'EOF';
  return error.message;
}
