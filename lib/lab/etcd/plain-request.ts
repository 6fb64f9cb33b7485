// Reads a plain request: HTTP as clients of etcd send it, and nothing that would need a whole HTTP parser.
import { isOurs } from './request-gate.ts';

export interface PlainRequest {
  method: string;
  /** As sent, without anything that would need decoding. */
  path: string;
  query: string;
  /** One character for each byte; undefined for methods without a form. */
  form: string | undefined;
  contentType: string | undefined;
}

interface PlainHead {
  contentLength: number;
  contentType: string | undefined;
}

const longestRequest = 64 * 1024;
const requestLine = /^(GET|PUT|POST|DELETE) (\/[\w/.-]*)(?:\?([^\s#]*))? HTTP\/1\.1$/;
/** Others may mean that the request is not plain: a proxy's, a browser's, one that goes on. */
const plainHeaders = new Set(['host', 'user-agent', 'accept', 'accept-encoding', 'content-type', 'content-length', 'connection']);

/** Clients send the same headers again and again. Undefined: not plain. */
const knownHeads = new Map<string, PlainHead | undefined>();
const mostKnownHeads = 200;
const longestKnownHead = 500;

/**
 * @param text what came over the connection, one character for each byte
 * @returns undefined when the request is not plain or not whole
 */
export function readPlainRequest(text: string): { request: PlainRequest; length: number } | undefined {
  const lineEnd = text.indexOf('\r\n');
  const headEnd = text.indexOf('\r\n\r\n', lineEnd);
  if (lineEnd < 0 || headEnd <= lineEnd) return undefined;
  const [, method, path, query = ''] = requestLine.exec(text.slice(0, lineEnd)) ?? [];
  if (method === undefined || path === undefined || path.includes('//') || path.includes('/.')) return undefined;
  const head = readHead(text.slice(lineEnd + 2, headEnd));
  if (!head) return undefined;
  const { contentLength, contentType } = head;
  const length = headEnd + 4 + contentLength;
  const hasForm = method === 'PUT' || method === 'POST';
  if (length > Math.min(text.length, longestRequest) || (contentLength > 0 && !hasForm)) return undefined;
  const form = hasForm ? text.slice(headEnd + 4, length) : undefined;
  return { request: { method, path, query, form, contentType }, length };
}

function readHead(text: string): PlainHead | undefined {
  const known = knownHeads.get(text);
  if (known || knownHeads.has(text)) return known;
  const head = parseHead(text);
  if (text.length > longestKnownHead) return head;
  if (knownHeads.size >= mostKnownHeads) knownHeads.clear();
  knownHeads.set(text, head);
  return head;
}

/** Undefined when there is a header that is not plain, one twice, or a foreign host. */
function parseHead(text: string): PlainHead | undefined {
  const headers = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (!plainHeaders.has(name) || headers.has(name)) return undefined;
    headers.set(name, line.slice(colon + 1).trim());
  }
  if ((headers.get('connection') ?? 'keep-alive').toLowerCase() !== 'keep-alive') return undefined;
  const length = headers.get('content-length') ?? '0';
  if (!isOurs(headers.get('host') ?? '', []) || !/^\d{1,6}$/.test(length)) return undefined;
  return { contentLength: Number(length), contentType: headers.get('content-type') };
}
