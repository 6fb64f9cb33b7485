import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startOurEtcd } from './etcd-fixture.ts';

/** Sends pieces one after the other over one connection; answers with all that came back until `until` is in it. */
async function converse(url: string, pieces: string[], until: RegExp): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setNoDelay(true);
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.on('data', (chunk) => (text += chunk));
  await once(socket, 'connect');
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await expect.poll(() => text).toMatch(until);
  return text;
}

const host = 'Host: 127.0.0.1\r\n';
const put = (key: string, value: string, more = '') => {
  const body = `value=${value}`;
  return `PUT /v2/keys/${key} HTTP/1.1\r\n${host}${more}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};

test('the short way and the long way give the same answer', async () => {
  const { url } = await startOurEtcd();
  await converse(url, [put('a', '1')], /createdIndex/);
  const comparable = (text: string) => {
    const [head, body] = text.split('\r\n\r\n');
    const ignored = /^(date|connection|keep-alive):/i;
    return [
      head!
        .split('\r\n')
        .filter((line) => !ignored.test(line))
        .sort(),
      body,
    ];
  };
  for (const path of ['/v2/keys/a', '/v2/keys/nope', '/v2/keys/a?recursive=maybe', '/v2/keys', '/v2/keys/?sorted=true']) {
    const short = await converse(url, [`GET ${path} HTTP/1.1\r\n${host}\r\n`], /\}\n$/);
    const long = await converse(url, [`GET ${path} HTTP/1.1\r\n${host}X-Odd: 1\r\n\r\n`], /\}\n$/);
    expect(comparable(short)).toEqual(comparable(long));
  }
});

test('a connection may leave the short way at any request, and nothing is lost or answered twice', async () => {
  const { url, etcd } = await startOurEtcd();
  const split = put('c', '3');
  const text = await converse(
    url,
    [
      put('a', '1'),
      put('b', '2'),
      split.slice(0, 40),
      split.slice(40),
      put('d', '4', 'X-Odd: 1\r\n'),
      `GET /v2/keys/d HTTP/1.1\r\n${host}\r\n`,
    ],
    /"action":"get"/,
  );
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['201', '201', '201', '201', '200'].map((status) => `HTTP/1.1 ${status}`));
  expect(text.match(/(?<="key":"\/)\w/g)).toEqual(['a', 'b', 'c', 'd', 'd']);
  expect(etcd.store.index).toBe(3 + 4);
});

test('a name that is not the lab’s, and a page’s request, are refused on the way to the keys', async () => {
  const { url, etcd } = await startOurEtcd();
  expect(await converse(url, [put('a', '1').replace('127.0.0.1', 'evil.example')], /\n$/)).toMatch(/^HTTP\/1\.1 421 /);
  expect(await converse(url, [put('a', '1', 'Origin: http://evil.example\r\n')], /\n$/)).toMatch(/^HTTP\/1\.1 403 /);
  expect(await converse(url, [put('a', '1', host)], /\n$/)).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect(etcd.store.index).toBe(3);
});

const get = (target: string, more = '') => `GET /v2/keys/${target} HTTP/1.1\r\n${host}${more}\r\n`;
/** Status and value of each answer, in order. */
const answersIn = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d+)[\s\S]*?"value":"(\w*)"/g)].map(([, status, value]) => `${status} ${value}`);

for (const [way, more] of [
  ['short', ''],
  ['long', 'X-Odd: 1\r\n'],
] as const) {
  test(`requests sent together over one connection are carried out and answered in order, the ${way} way`, async () => {
    const { url } = await startOurEtcd();
    const values = Array.from({ length: 50 }, (_, number) => String(number));
    const requests = values.map((value) => put('p', value, more) + get('p', more)).join('');
    const text = await converse(url, [requests], /"value":"49","modifiedIndex":53,"createdIndex":53\}\}\n$/);
    expect(answersIn(text)).toEqual(values.flatMap((value) => [`20${value === '0' ? 1 : 0} ${value}`, `200 ${value}`]));
  });

  test(`a request behind a watch on one connection waits until the watch is over, the ${way} way`, async () => {
    const { url } = await startOurEtcd();
    const watching = converse(url, [get('w?wait=true', more) + put('w', 'late', more)], /"value":"late"/);
    await expect.poll(async () => ((await (await fetch(`${url}/v2/stats/store`)).json()) as { watchers: number }).watchers).toBe(1);
    await converse(url, [put('w', 'first')], /"value":"first"/);
    expect(answersIn(await watching)).toEqual(['200 first', '200 late']);
  });
}

test('a watch the short way tells a stream of events, each in a chunk, and is forgotten when the client leaves', async () => {
  const { url, etcd } = await startOurEtcd();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => (text += chunk));
  socket.write(get('s?wait=true&stream=true&recursive=true'));
  await expect.poll(() => text).toContain('Transfer-Encoding: chunked\r\n\r\n');
  etcd.store.set('/s/1', { value: 'ä' });
  etcd.store.delete('/s/1');
  await expect.poll(() => text).toContain('"action":"delete"');
  const chunks = [...text.slice(text.indexOf('\r\n\r\n') + 4).matchAll(/([0-9a-f]+)\r\n(.*\n)\r\n/g)];
  expect(chunks.map(([, size, line]) => [Number.parseInt(size!, 16), JSON.parse(line!).action])).toEqual([
    [Buffer.byteLength(chunks[0]![2]!), 'set'],
    [Buffer.byteLength(chunks[1]![2]!), 'delete'],
  ]);
  socket.destroy();
  await expect.poll(() => etcd.store.watchers).toBe(0);
});

test('a client that has said all it wants to say still gets its answers', async () => {
  const { url } = await startOurEtcd();
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  socket.on('data', (chunk) => (text += chunk));
  socket.end(put('h', '1') + get('h'));
  await once(socket, 'end');
  expect(answersIn(text)).toEqual(['201 1', '200 1']);
});

test('a client that asks on and on without reading does not fill the memory', async () => {
  const { url, etcd } = await startOurEtcd();
  etcd.store.set('/big', { value: 'x'.repeat(200_000) });
  const socket = connect(Number(new URL(url).port), '127.0.0.1').pause();
  onTestFinished(() => void socket.destroy());
  const before = etcd.store.stats.view(0).getsSuccess!;
  socket.write(get('big').repeat(2000));
  const asked = () => etcd.store.stats.view(0).getsSuccess! - before;
  await expect.poll(asked).toBeGreaterThan(0);
  await fetch(`${url}/version`); // a turn of the server's loop, and a few more
  expect(asked()).toBeLessThan(200);
  let received = 0;
  socket.on('data', (chunk) => (received += chunk.length)).resume();
  await expect.poll(() => received, { timeout: 30_000 }).toBeGreaterThan(2000 * 200_000);
  expect(asked()).toBe(2000);
});
