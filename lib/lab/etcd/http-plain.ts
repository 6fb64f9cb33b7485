// Small pieces of HTTP that the lab's servers share.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { normalizePath } from './key-path.ts';

export function answer(response: ServerResponse, status: number, body: string, contentType?: string): void {
  if (contentType) response.setHeader('Content-Type', contentType);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.writeHead(status);
  response.end(body);
}

export function answerNotFound(response: ServerResponse): void {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  answer(response, 404, '404 page not found\n', 'text/plain; charset=utf-8');
}

/** @param allow the `Allow` header, if there is one */
export function answerWrongMethod(response: ServerResponse, allow?: string): void {
  if (allow) response.setHeader('Allow', allow);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  answer(response, 405, 'Method Not Allowed\n', 'text/plain; charset=utf-8');
}

/** Path and query as sent; of an absolute target (`GET http://domain-sock/x`) scheme and host are dropped. */
export function requestTarget({ url = '/' }: Pick<IncomingMessage, 'url'>): { path: string; query: string } {
  const relative = url.replace(/^https?:\/\/[^/?#]*/i, '');
  const at = relative.indexOf('?');
  const path = at < 0 ? relative : relative.slice(0, at);
  return { path: path || '/', query: at < 0 ? '' : relative.slice(at + 1) };
}

/** `//a/./b/` becomes `/a/b/`. */
export function cleanPath(path: string): string {
  if (path.startsWith('/') && !path.includes('//') && !path.includes('/.')) return path;
  const key = normalizePath(path);
  return key !== '/' && path.endsWith('/') ? `${key}/` : key;
}

/** Reads on beyond `most` bytes without keeping them, so that the client gets its answer. */
export function readBody(request: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      if (length < most) chunks.push(chunk);
      length += chunk.length;
    });
    request.on('end', () => resolve(Buffer.concat(chunks).subarray(0, most)));
    request.on('error', reject);
  });
}
