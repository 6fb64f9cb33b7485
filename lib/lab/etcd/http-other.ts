// What etcd serves beside the keys: who it is, its members and its counters.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, answerNotFound, answerWrongMethod, readBody } from './http-plain.ts';
import type { KeyStore } from './key-store.ts';
import type { Member, Members } from './members.ts';
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
const mostMemberBytes = 64 * 1024;

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
  if (path === '/v2/members' || path.startsWith('/v2/members/')) {
    serveMembers(etcd, request, response, path).catch(() => response.destroy()); // the client went away in the middle
    return;
  }
  answerNotFound(response);
}

/** Members come and go with their machines only; a request to change them is checked as etcd does, and then refused. */
async function serveMembers(etcd: EtcdIdentity, request: IncomingMessage, response: ServerResponse, path: string) {
  const method = request.method ?? '';
  if (!['GET', 'POST', 'DELETE', 'PUT'].includes(method)) return answerWrongMethod(response, 'GET,POST,DELETE,PUT');
  response.setHeader('X-Etcd-Cluster-Id', etcd.clusterId);
  const members = etcd.members.list();
  const asked = path.slice('/v2/members'.length).replace(/^\/|\/$/g, '');
  if (method === 'GET') {
    if (asked === '') return answer(response, 200, `${goJson({ members })}\n`, json);
    if (asked !== 'leader') return answer(response, 404, goJson({ message: 'Not found' }), json);
    const { id: leader } = etcd.members.leader();
    return answer(response, 200, `${goJson(members.find(({ id }) => id === leader))}\n`, json);
  }
  if (asked === '' && method !== 'POST') return answerWrongMethod(response);
  const problem = await whyNoChange(members, request, asked);
  answer(response, problem.status, goJson({ message: problem.message }), json);
}

async function whyNoChange(members: Member[], request: IncomingMessage, asked: string): Promise<{ status: number; message: string }> {
  const isUnknown = !members.some(({ id }) => id === asked);
  if (request.method !== 'POST' && !/^[0-9a-f]{1,16}$/i.test(asked)) return { status: 404, message: `No such member: ${asked}` };
  if (request.method !== 'DELETE') {
    const type = request.headers['content-type'] ?? '';
    if (type !== json) return { status: 415, message: `Bad Content-Type ${type}, accept application/json` };
    const urls = readPeerUrls((await readBody(request, mostMemberBytes)).toString());
    if ('message' in urls) return { status: 400, message: urls.message };
    const isTaken = members.some(({ id, peerURLs }) => id !== asked && peerURLs.some((url) => urls.list.includes(url)));
    if (isTaken && (request.method === 'POST' || !isUnknown)) return { status: 409, message: 'membership: peerURL exists' };
  }
  if (request.method !== 'POST' && isUnknown) return { status: 404, message: `No such member: ${asked}` };
  // What etcd says when the change would cost the cluster its quorum; a member that no machine runs would do so here.
  return { status: 500, message: 'etcdserver: re-configuration failed due to not enough started members' };
}

/** The words are etcd's. */
function readPeerUrls(body: string): { list: string[] } | { message: string } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return {
      message: /^\s*([{["].*)?$/s.test(body)
        ? 'unexpected end of JSON input'
        : `invalid character '${body.trim()[0]}' looking for beginning of value`,
    };
  }
  const list = (value as { peerURLs?: unknown } | null)?.peerURLs;
  if (!Array.isArray(list) || list.length === 0 || !list.every((each) => typeof each === 'string'))
    return { message: 'no valid URLs given' };
  for (const url of list as string[]) {
    const [, scheme = '', host = '', rest = ''] = /^([a-z]*):\/\/([^/]*)(.*)$/.exec(url) ?? [];
    if (!['http', 'https', 'unix', 'unixs'].includes(scheme)) return { message: `URL scheme must be http, https, unix, or unixs: ${url}` };
    if (!/:\d+$/.test(host)) return { message: `URL address does not have the form "host:port": ${url}` };
    if (rest !== '') return { message: `URL must not contain a path: ${url}` };
  }
  return { list };
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
