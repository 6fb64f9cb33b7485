import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createGate } from './gate.ts';

const token = 'a'.repeat(64);
const gate = createGate('localhost:3000', token);
const cookie = `${gate.cookie.name}=${gate.cookie.value}`;

test('a request with the cookie, our Host and our Origin is admitted', () => {
  expect(ask({ cookie })).toBe('admitted');
  expect(ask({ cookie, origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' }, 'POST')).toBe('admitted');
});

test.each([
  ['a foreign name', 'evil.test:3000'],
  ['our address instead of our name', '127.0.0.1:3000'],
  ['our name as a prefix', 'localhost:3000.evil.test'],
  ['our name as user information', 'localhost:3000@evil.test'],
  ['another port', 'localhost:3001'],
  ['capital letters', 'LOCALHOST:3000'],
  ['a final dot', 'localhost.:3000'],
  ['nothing', undefined],
])('a Host header with %s is refused, whatever else is right', (_what, host) => {
  expect(ask({ cookie, host })).toBe(421);
});

test('two Host headers are refused even when the first one is ours', () => {
  const request = head({ cookie });
  request.rawHeaders.push('Host', 'evil.test');
  expect(verdictOf(request)).toBe(421);
});

test.each(['http://evil.test', 'null', 'http://localhost:3001', 'https://localhost:3000', 'http://127.0.0.1:3000'])(
  'the Origin %s is refused',
  (origin) => {
    expect(ask({ cookie, origin })).toBe(403);
  },
);

test.each(['cross-site', 'same-site'])('Sec-Fetch-Site %s is refused', (site) => {
  expect(ask({ cookie, 'sec-fetch-site': site })).toBe(403);
});

test('without cookie or token nothing is shown', () => {
  expect(ask({})).toBe(401);
  expect(ask({ cookie: `${gate.cookie.name}=${'0'.repeat(64)}` })).toBe(401);
  expect(ask({}, 'GET', `/?token=${'b'.repeat(64)}`)).toBe(401);
});

test('the right token in the address is exchanged for the cookie at the clean address', () => {
  expect(gate.admit(head({}, 'GET', `/etcd?token=${token}&x=1`))).toEqual({ verdict: 'exchange', location: '/etcd?x=1' });
});

test('the token never redirects to another site', () => {
  expect(ask({}, 'GET', `//evil.test/?token=${token}`)).toBe(400);
});

test('a state-changing request or an upgrade without Origin needs the bearer token, the cookie is not enough', () => {
  expect(ask({ cookie }, 'POST')).toBe(403);
  expect(ask({ cookie, upgrade: 'websocket' })).toBe(403);
  expect(ask({ authorization: `Bearer ${token}` }, 'POST')).toBe('admitted');
});

test.each(['PUT', 'DELETE', 'TRACE', 'CONNECT'])('the method %s is refused', (method) => {
  expect(ask({ cookie }, method)).toBe(405);
});

test('an address of more than 8 KiB is refused', () => {
  expect(ask({ cookie }, 'GET', `/${'x'.repeat(9000)}`)).toBe(400);
});

function ask(headers: Record<string, string | undefined>, method = 'GET', url = '/') {
  return verdictOf(head(headers, method, url));
}

function verdictOf(request: IncomingMessage) {
  const verdict = gate.admit(request);
  return verdict.verdict === 'refused' ? verdict.status : verdict.verdict;
}

/** The head of a request as Node parses it; `host` is ours unless given. */
function head(given: Record<string, string | undefined>, method = 'GET', url = '/'): IncomingMessage {
  const headers = Object.fromEntries(Object.entries({ host: 'localhost:3000', ...given }).filter(([, value]) => value !== undefined));
  return { method, url, headers, rawHeaders: Object.entries(headers).flat() } as IncomingMessage;
}
