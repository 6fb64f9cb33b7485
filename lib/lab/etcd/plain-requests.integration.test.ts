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
