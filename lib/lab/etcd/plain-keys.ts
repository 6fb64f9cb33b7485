// The keys API on the short way: the same answers as the handler's, byte for byte, but for what only Node's HTTP server says.
import { STATUS_CODES } from 'node:http';
import { readForm } from './form.ts';
import { type KeyRequest, parseKeyRequest } from './key-request.ts';
import { asRefusal, carryOut, commonHeaders, isWatch, type KeyService, mostUnreadBytes, refuseDeepKey, watchKeys } from './key-service.ts';
import type { PlainAnswer, PlainHandler } from './plain-requests.ts';
import { encodeError } from './wire.ts';

const prefix = '/v2/keys';

export function plainKeysHandler(service: KeyService): PlainHandler {
  const { clusterId, raft } = service;
  const commonLines = `${commonHeaders.map(([name, value]) => `${name}: ${value}\r\n`).join('')}X-Etcd-Cluster-Id: ${clusterId}\r\n`;
  const date = clockLine();

  const head = (status: number, index: number, more: string) =>
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${commonLines}X-Etcd-Index: ${index}\r\n${more}Content-Type: application/json\r\n${date()}`;
  const whole = (status: number, index: number, body: string, more = '') =>
    `${head(status, index, more)}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const raftLines = () => `X-Raft-Index: ${raft.index}\r\nX-Raft-Term: ${raft.term}\r\n`;
  const refuse = (error: unknown) => {
    const refusal = asRefusal(error);
    return whole(refusal.status, refusal.index, encodeError(refusal));
  };

  function watch(keyRequest: KeyRequest): PlainAnswer {
    const early: string[] = [];
    let tell = (body: string) => void early.push(body);
    const watcher = watchKeys(service, keyRequest, (body) => tell(body));
    const opening = `${head(200, watcher.startIndex, raftLines())}Transfer-Encoding: chunked\r\n\r\n`;
    return (client) => {
      client.write(opening);
      tell = (body) => {
        const chunk = `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n`;
        const over = !keyRequest.stream || client.unread() > mostUnreadBytes;
        client.write(over ? `${chunk}0\r\n\r\n` : chunk);
        if (!over) return;
        tell = () => {};
        watcher.close();
        client.end();
      };
      for (const body of early) tell(body);
      return () => {
        tell = () => {};
        watcher.close();
      };
    };
  }

  return ({ method, path, query, form, contentType }) => {
    if (!path.startsWith(prefix) || (path.length > prefix.length && path[prefix.length] !== '/')) return undefined;
    try {
      const keyPath = path.slice(prefix.length);
      const keyRequest = parseKeyRequest(method, keyPath, readForm(query, form, contentType));
      refuseDeepKey(keyPath);
      if (isWatch(keyRequest)) return watch(keyRequest);
      const { status, index, body, writes } = carryOut(service, keyRequest);
      const done = () => whole(status, index, body, raftLines());
      const saved = service.unsaved();
      return saved ? saved.then(done, writes ? refuse : done) : done();
    } catch (error) {
      return refuse(error);
    }
  };
}

/** The Date header, made once a second. */
function clockLine(): () => string {
  let line = '';
  let until = 0;
  return () => {
    const now = Date.now();
    if (now >= until || now < until - 1000) {
      line = `Date: ${new Date(now).toUTCString()}\r\n`;
      until = now - (now % 1000) + 1000;
    }
    return line;
  };
}
