// One request to a discovery service.
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface RegistryNode {
  key?: string;
  value?: string;
  nodes?: RegistryNode[];
  createdIndex?: number;
}

/** A node, or an etcd error. */
export interface RegistryAnswer {
  node?: RegistryNode;
  errorCode?: number;
  message?: string;
  cause?: string;
  /** `X-Etcd-Index` of the answer. */
  index: number;
}

/** The answer is not of an etcd. */
export class NotJson extends Error {}
export class Unreachable extends Error {}

export interface RegistryRequest {
  form?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** A long poll: the answer may take for ever. */
  patient?: boolean;
}

const patienceMs = 5000;
/** A token's directory is far smaller. */
const mostBytes = 1024 * 1024;

/** Rejects with `NotJson`, `Unreachable` or the signal's reason. */
export function askRegistry(method: string, url: string, { form, signal, patient = false }: RegistryRequest): Promise<RegistryAnswer> {
  if (!URL.canParse(url) || !/^https?:/.test(url)) return Promise.reject(new NotJson(`${url} is not an http URL`));
  const body = form && new URLSearchParams(form).toString();
  const headers =
    body === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(signal?.aborted ? signal.reason : new Unreachable(error.message, { cause: error }));
    const open = url.startsWith('https:') ? requestHttps : requestHttp;
    const sent = open(url, { method, headers, agent: false, ...(signal && { signal }) }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.length > mostBytes) sent.destroy(new Error('the answer is too long'));
      });
      response.on('error', fail).on('end', () => {
        clearTimeout(timer);
        const answer = parse(text);
        if (answer) resolve({ ...answer, index: Number(response.headers['x-etcd-index'] ?? 0) });
        else reject(new NotJson(`${url} answered ${response.statusCode} without JSON`));
      });
    });
    const giveUp = () => sent.destroy(new Error(`no answer within ${patienceMs / 1000}s`));
    const timer = patient ? undefined : setTimeout(giveUp, patienceMs);
    sent.on('error', (error) => {
      clearTimeout(timer);
      fail(error);
    });
    sent.end(body);
  });
}

function parse(text: string): RegistryAnswer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as RegistryAnswer) : undefined;
  } catch {
    return undefined;
  }
}
