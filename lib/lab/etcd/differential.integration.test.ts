import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { expect, onTestFinished } from 'vitest';
import { testWith } from '#lib/testing/peers.ts';
import { startOurEtcd } from './etcd-fixture.ts';
import { startRealEtcd } from './real-etcd.ts';
import { type GeneratedRequest, generateRequest, seededRandom } from './request-generator.ts';

const realEtcd = testWith('etcd');
const seed = Number(process.env.SEED ?? 20141024);
const requestsInAll = Number(process.env.REQUESTS ?? 4000);

realEtcd('every generated request gets the answer of the real etcd', { timeout: 180_000 }, async () => {
  const { real, ours } = await startBoth();
  const random = seededRandom(seed);
  const watched = ['/v2/keys', '/v2/keys/a', '/v2/keys/a/b', '/v2/keys/_h', '/v2/keys/a/_h', '/v2/keys/ab'].flatMap((path) =>
    ['', '&recursive=true'].map((more) => `${path}?wait=true&stream=true${more}`),
  );
  const streams = await Promise.all(watched.map((target) => Promise.all([real, ours].map((url) => openStream(url + target)))));
  let index = 3;
  for (let count = 0; count < requestsInAll; count++) {
    const generated = generateRequest(random, index);
    const [expected, actual] = await Promise.all([send(real, generated), send(ours, generated)]);
    const told = `request ${count} of seed ${seed}: ${generated.method} ${generated.target} ${generated.form ?? ''}`;
    expect({ told, ...comparable(actual) }).toEqual({ told, ...comparable(expected) });
    index = Number(expected.headers['x-etcd-index'] ?? 0) || index;
    // Watches that history answers, now and then.
    if (count % 10 === 0) {
      const since = Math.max(1, index - Math.floor(random() * 1100));
      const watch = {
        method: 'GET',
        target: `/v2/keys/a?wait=true&waitIndex=${since}${random() < 0.5 ? '&recursive=true' : ''}`,
        form: undefined,
      };
      const [past, ourPast] = await Promise.all([send(real, watch, 30), send(ours, watch, 30)]);
      expect({ told: watch.target, ...comparable(ourPast) }).toEqual({ told: watch.target, ...comparable(past) });
    }
  }
  for (const [expected, actual] of streams) {
    await expect.poll(() => actual!.lines().length).toBeGreaterThanOrEqual(expected!.lines().length);
    expect(actual!.lines().map(normalize)).toEqual(expected!.lines().map(normalize));
  }
});

realEtcd('keys expire as in the real etcd, and watchers are told alike', async () => {
  const { real, ours } = await startBoth();
  const [expected, actual] = await Promise.all(
    [real, ours].map(async (url) => {
      const watch = await openStream(`${url}/v2/keys?wait=true&recursive=true&stream=true`);
      const below = await openStream(`${url}/v2/keys/d/x?wait=true&stream=true`);
      await send(url, { method: 'PUT', target: '/v2/keys/t', form: 'value=1&ttl=1' });
      await send(url, { method: 'PUT', target: '/v2/keys/d', form: 'dir=true&ttl=2' });
      await send(url, { method: 'PUT', target: '/v2/keys/d/x', form: 'value=2' });
      await send(url, { method: 'PUT', target: '/v2/keys/kept', form: 'value=3&ttl=2' });
      await send(url, { method: 'PUT', target: '/v2/keys/kept', form: 'ttl=&prevExist=true&value=4' });
      await send(url, { method: 'PUT', target: '/v2/keys/soon', form: 'value=5&ttl=3' });
      await expect.poll(() => watch.lines().length).toBeGreaterThanOrEqual(9);
      const left = await send(url, { method: 'GET', target: '/v2/keys?recursive=true&sorted=true', form: undefined });
      return { watch: watch.lines().map(normalize), below: below.lines().map(normalize), left: comparable(left) };
    }),
  );
  expect(actual).toEqual(expected);
});

realEtcd("everything beside the keys has the real etcd's status, headers and shape", async () => {
  const { real, ours } = await startBoth();
  const paths = ['/version', '/health', '/v2/machines', '/v2/members', '/v2/members/leader', '/v2/members/zz', '/v2/stats/self'];
  const others = ['/v2/stats/leader', '/v2/stats/store', '/v2/leader', '/v2/admin/config', '/', '/v2/keysx', '/v2/keys//a/../b?x=1&y=2'];
  for (const target of [...paths, ...others]) {
    for (const method of ['GET', 'PATCH', 'OPTIONS']) {
      const generated = { method, target, form: undefined };
      const [expected, actual] = await Promise.all([send(real, generated), send(ours, generated)]);
      const shape = (answer: Answer) => ({ method, target, ...comparable(answer), body: shapeOf(answer.body) });
      expect(shape(actual)).toEqual(shape(expected));
    }
  }
});

realEtcd('a change of the members is checked as the real etcd checks it', async () => {
  const { real, ours } = await startBoth();
  const bodies = ['', '{', 'x', '{}', '{"peerURLs":[]}', '{"peerURLs":["nourl"]}', '{"peerURLs":["ftp://a:1"]}'];
  const more = ['{"peerURLs":["http://a"]}', '{"peerURLs":["http://a:1/x"]}', '{"peerURLs":["http://localhost:2380"]}'];
  for (const path of ['/v2/members', '/v2/members/zz', '/v2/members/1234', '/v2/members/a/b']) {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      for (const [type, body] of [
        ...[...bodies, ...more].map((each) => ['application/json', each]),
        ['text/plain', more[2]!],
        ['', '{}'],
      ]) {
        const ask = async (url: string) => {
          const headers = type ? { 'Content-Type': type } : {};
          const answer = await fetch(url + path, { method, headers, body: method === 'DELETE' ? null : Buffer.from(body!) });
          return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() };
        };
        const [expected, actual] = [await ask(real), await ask(ours)];
        expect({ path, method, type, body, actual }).toEqual({ path, method, type, body, actual: expected });
      }
    }
  }
});

async function startBoth() {
  const real = await startRealEtcd();
  onTestFinished(() => real.stop());
  await real.ready();
  return { real: real.url, ours: (await startOurEtcd()).url };
}

const usualType = 'application/x-www-form-urlencoded';
let sent = 0;

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** @param patience milliseconds for the body, for watches that may have nothing to tell */
function send(url: string, { method, target, form, contentType = usualType }: GeneratedRequest, patience?: number): Promise<Answer> {
  const headers = {
    ...(form === undefined ? {} : { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(form) }),
    // Ours has a short way for plain requests and a long one for the rest; the answers are to be the same.
    ...(sent++ % 3 === 0 ? { 'X-Odd': '1' } : {}),
  };
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/`, { method, path: target, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => (body += chunk));
      response.on('close', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      if (patience) setTimeout(() => asked.destroy(), patience);
    });
    asked.on('error', reject).end(form);
  });
}

/** A watch that the server has begun: it answers with the headers at once. */
async function openStream(url: string) {
  let text = '';
  const sent = request(url).on('error', () => {});
  onTestFinished(() => void sent.destroy());
  const [response] = (await once(sent.end(), 'response')) as [IncomingMessage];
  response
    .setEncoding('utf8')
    .on('data', (chunk) => (text += chunk))
    .on('error', () => {});
  return { lines: () => text.split('\n').filter((line) => line !== '') };
}

/** Everything that clients can see, without times, raft's own counters and how the connection carries it. */
function comparable({ status, headers, body }: Answer) {
  const { 'x-etcd-cluster-id': cluster, 'x-raft-index': raft, ...rest } = headers;
  for (const name of ['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']) delete rest[name];
  return { status, headers: { ...rest, cluster: cluster?.length, raft: raft !== undefined }, body: normalize(body) };
}

/** Times are replaced and children put in order: the real etcd lists them in any order unless asked to sort. */
function normalize(body: string): string {
  if (!body.startsWith('{')) return body;
  const ordered = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(ordered).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, key === 'expiration' ? 'TIME' : key === 'ttl' ? 'SECONDS' : ordered(each)]),
    );
  };
  // The text itself is kept beside the value, for escapes and the order of fields.
  const text = body.replaceAll(/"expiration":"[^"]*Z"/g, '"expiration":"TIME"').replaceAll(/"ttl":-?\d+/g, '"ttl":0');
  return body.includes('"nodes":[') ? JSON.stringify(ordered(JSON.parse(body))) : text;
}

/** Field names and kinds of values, where the values themselves are each server's own. */
function shapeOf(body: string): unknown {
  if (!body.startsWith('{')) return body.replaceAll(/http:\/\/127[^,<]*/g, 'URL');
  const shape = (value: unknown): unknown =>
    typeof value !== 'object' || value === null
      ? typeof value
      : Array.isArray(value)
        ? value.map(shape)
        : Object.entries(value).map(([key, each]) => [key, shape(each)]);
  return shape(JSON.parse(body));
}
