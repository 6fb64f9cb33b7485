// What etcd serves beside the keys: who it is, its members and its counters.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, answerNotFound, answerWrongMethod } from './http-plain.ts';
import type { KeyStore } from './key-store.ts';
import type { Members } from './members.ts';
import { goJson } from './wire.ts';

export interface EtcdIdentity {
  store: KeyStore;
  members: Members;
  /** Who answers; 16 hexadecimal digits, as `clusterId`. */
  memberId: string;
  clusterId: string;
  startTime: Date;
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
      return answer(response, 200, clientUrls(etcd).join(', '), text);
    case '/v2/stats/self':
      return isGet ? answer(response, 200, goJson(selfStats(etcd)), json) : answerWrongMethod(response, 'GET');
    case '/v2/stats/leader':
      if (!isGet) return answerWrongMethod(response, 'GET');
      if (etcd.members.leader().id !== etcd.memberId) return answer(response, 403, goJson({ message: 'not current leader' }), json);
      return answer(response, 200, goJson(leaderStats(etcd)), json);
    case '/v2/stats/store':
      return isGet ? answer(response, 200, goJson(etcd.store.stats.view(etcd.store.watchers)), json) : answerWrongMethod(response, 'GET');
  }
  if (path === '/v2/members' || path.startsWith('/v2/members/')) return serveMembers(etcd, method, response, path);
  answerNotFound(response);
}

/** Members come and go with their machines only: one that never starts would cost a real cluster its quorum. */
function serveMembers(etcd: EtcdIdentity, method: string, response: ServerResponse, path: string) {
  if (!['GET', 'POST', 'DELETE', 'PUT'].includes(method)) return answerWrongMethod(response, 'GET,POST,DELETE,PUT');
  response.setHeader('X-Etcd-Cluster-Id', etcd.clusterId);
  if (method !== 'GET') return answerWrongMethod(response);
  const members = etcd.members.list();
  const asked = path.slice('/v2/members'.length).replaceAll('/', '');
  if (asked === '') return answer(response, 200, `${goJson({ members })}\n`, json);
  if (asked === 'leader') {
    const { id: leader } = etcd.members.leader();
    return answer(response, 200, `${goJson(members.find(({ id }) => id === leader))}\n`, json);
  }
  answer(response, 404, goJson({ message: 'Not found' }), json);
}

function clientUrls({ members }: EtcdIdentity): string[] {
  return members.list().flatMap(({ clientURLs }) => clientURLs);
}

/** The members share one store, so nothing is ever sent from one to another. */
function selfStats({ members, memberId, startTime }: EtcdIdentity): object {
  const { id: leader, since } = members.leader();
  const uptime = `${((Date.now() - since.getTime()) / 1000).toFixed(9)}s`;
  return {
    name: members.list().find(({ id }) => id === memberId)?.name ?? '',
    id: memberId,
    state: leader === memberId ? 'StateLeader' : 'StateFollower',
    startTime: startTime.toISOString(),
    leaderInfo: { leader, uptime, startTime: since.toISOString() },
    recvAppendRequestCnt: 0,
    sendAppendRequestCnt: 0,
  };
}

function leaderStats({ members, memberId }: EtcdIdentity): object {
  const latency = { current: 0, average: 0, standardDeviation: 0, minimum: 0, maximum: 0 };
  const followers = members.list().filter(({ id }) => id !== memberId);
  return {
    leader: memberId,
    followers: Object.fromEntries(followers.map(({ id }) => [id, { latency, counts: { fail: 0, success: 0 } }])),
  };
}
