// What etcd serves beside the keys: who it is, its members and its counters.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, answerNotFound, answerWrongMethod } from './http-plain.ts';
import type { KeyStore } from './key-store.ts';
import { goJson } from './wire.ts';

export interface EtcdIdentity {
  store: KeyStore;
  name: string;
  /** 16 hexadecimal digits each. */
  memberId: string;
  clusterId: string;
  startTime: Date;
  /** Where clients reach this etcd from outside the lab; `etcdctl` uses nothing else. */
  clientUrls(): string[];
}

const version = { etcdserver: '3.4.23', etcdcluster: '3.4.0' };
const json = 'application/json';
const text = 'text/plain; charset=utf-8';

export function serveOther(etcd: EtcdIdentity, request: IncomingMessage, response: ServerResponse, path: string) {
  const method = request.method ?? '';
  const isGet = method === 'GET';
  switch (path) {
    case '/version':
      return isGet ? answer(response, 200, goJson(version), json) : answerWrongMethod(response, 'GET');
    case '/health':
      return isGet ? answer(response, 200, goJson({ health: 'true' }), text) : answerWrongMethod(response, 'GET');
    case '/v2/machines':
      if (!isGet && method !== 'HEAD') return answerWrongMethod(response, 'GET,HEAD');
      return answer(response, 200, etcd.clientUrls().join(', '), text);
    case '/v2/stats/self':
      return isGet ? answer(response, 200, goJson(selfStats(etcd)), json) : answerWrongMethod(response, 'GET');
    case '/v2/stats/leader':
      return isGet ? answer(response, 200, goJson({ leader: etcd.memberId, followers: {} }), json) : answerWrongMethod(response, 'GET');
    case '/v2/stats/store':
      return isGet ? answer(response, 200, goJson(etcd.store.stats.view(etcd.store.watchers)), json) : answerWrongMethod(response, 'GET');
  }
  if (path === '/v2/members' || path.startsWith('/v2/members/')) return serveMembers(etcd, method, response, path);
  answerNotFound(response);
}

/** The lab's etcd has one member and takes no others: a second one that never starts would only cost the quorum. */
function serveMembers(etcd: EtcdIdentity, method: string, response: ServerResponse, path: string) {
  if (!['GET', 'POST', 'DELETE', 'PUT'].includes(method)) return answerWrongMethod(response, 'GET,POST,DELETE,PUT');
  response.setHeader('X-Etcd-Cluster-Id', etcd.clusterId);
  if (method !== 'GET') return answerWrongMethod(response);
  const { memberId: id, name } = etcd;
  const member = { id, name, peerURLs: ['http://localhost:2380'], clientURLs: etcd.clientUrls() };
  const asked = path.slice('/v2/members'.length).replaceAll('/', '');
  if (asked === '') return answer(response, 200, `${goJson({ members: [member] })}\n`, json);
  if (asked === 'leader') return answer(response, 200, `${goJson(member)}\n`, json);
  answer(response, 404, goJson({ message: 'Not found' }), json);
}

function selfStats({ name, memberId, startTime }: EtcdIdentity): object {
  const uptime = `${((Date.now() - startTime.getTime()) / 1000).toFixed(9)}s`;
  return {
    name,
    id: memberId,
    state: 'StateLeader',
    startTime: startTime.toISOString(),
    leaderInfo: { leader: memberId, uptime, startTime: startTime.toISOString() },
    recvAppendRequestCnt: 0,
    sendAppendRequestCnt: 0,
  };
}
