import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import { expect, inject, onTestFinished, test } from 'vitest';
import { socketParser } from '#lib/shared/socket-parser.ts';
import { type App, makeWorkspace, removeWorkspace, startApp } from '#lib/testing/app.ts';
import { describeProcess } from '#lib/testing/describe-process.ts';
import { workspaceMark } from './settings.ts';
import { markedProcesses } from './survivors.ts';

test('every rule of the gate holds for real requests and real WebSocket handshakes', async () => {
  const app = await launch();
  const cookie = await signIn(app);
  const { host } = new URL(app.origin);

  const page = await ask(app, '/', { cookie });
  expect([200, 307]).toContain(page.status);
  expect((await ask(app, '/')).status).toBe(401);
  expect((await ask(app, '/', { cookie, host: 'evil.test' })).status).toBe(421);
  expect((await ask(app, '/', { cookie, host: host.replace('localhost', '127.0.0.1') })).status).toBe(421);
  expect((await ask(app, '/', { cookie, origin: 'http://evil.test' })).status).toBe(403);
  expect((await ask(app, '/_next/static/nothing.js')).status).toBe(401);
  expect((await ask(app, '/socket.io/?EIO=4&transport=polling')).status).toBe(401);
  expect((await ask(app, '/socket.io/?EIO=4&transport=polling', { cookie, origin: 'http://evil.test' })).status).toBe(403);

  const ours = { host, origin: app.origin, cookie };
  expect(await handshake(app, ours)).toContain('101 Switching Protocols');
  expect(await handshake(app, { ...ours, host: 'evil.test' })).toContain('421');
  expect(await handshake(app, { ...ours, origin: 'http://evil.test' })).toContain('403');
  expect(await handshake(app, { ...ours, origin: 'null' })).toContain('403');
  expect(await handshake(app, { host, cookie })).toContain('403');
  expect(await handshake(app, { host, origin: app.origin })).toContain('401');
  expect(await handshake(app, ours, '/elsewhere')).toBe('');
});

test('every page forbids framing, sniffing and foreign scripts, and its own scripts carry the nonce', async () => {
  const app = await launch();
  const cookie = await signIn(app);
  const start = await ask(app, '/', { cookie });
  const page = start.headers.location ? await ask(app, start.headers.location, { cookie }) : start;
  expect(page.status).toBe(200);
  expect(page.headers).toMatchObject({ 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  const policy = String(page.headers['content-security-policy']);
  expect(policy).toContain("frame-ancestors 'none'");
  const nonce = /'nonce-([^']+)'/.exec(policy)?.[1];
  const scripts = page.body.match(/<script\b[^>]*>/g) ?? [];
  expect(scripts.length).toBeGreaterThan(0);
  expect(scripts.filter((script) => !script.includes(`nonce="${nonce}"`))).toEqual([]);
  expect(page.body).not.toContain(app.token);
});

test('what does not parse is dropped, and the socket lives on', async () => {
  const app = await launch();
  const extraHeaders = { authorization: `Bearer ${app.token}` };
  const socket = io(app.origin, { parser: socketParser, transports: ['websocket'], extraHeaders, reconnection: false });
  onTestFinished(() => void socket.disconnect());
  await new Promise((resolve, reject) => socket.once('connect', () => resolve(undefined)).once('connect_error', reject));
  socket.emit('terminal:input', 'no such terminal', 'rm -rf /');
  socket.emit('terminal:attach', { terminal: 'shell', offset: -1, size: null });
  const size = { cols: 80, rows: 24 };
  const reply = await socket.timeout(20_000).emitWithAck('terminal:attach', { terminal: 'shell', offset: null, size });
  expect(reply).toMatchObject({ ok: true, state: { terminal: 'shell' } });
});

test('a second start prints the same address and leaves the first one alone', async () => {
  const app = await launch();
  const second = spawnSync(process.execPath, [join(inject('programs'), 'server.mjs'), '--port', '0', '--workspace', app.workspace], {
    encoding: 'utf8',
  });
  expect(second.status).toBe(3);
  expect(second.stdout).toContain(app.url);
  expect(second.stdout).toContain('Already running');
  expect((await ask(app, '/')).status).toBe(401);
});

test('a port that is taken is said, and the next one is used', async () => {
  const first = await launch();
  const { port } = new URL(first.origin);
  const second = await launch({ words: ['--port', port] });
  expect(second.output()).toContain(`Port ${port} is taken`);
  expect(new URL(second.origin).port).not.toBe(port);
});

test('the workspace and its token are private, and SIGTERM leaves no process and no run directory behind within 5 s', async () => {
  const app = await launch();
  expect(statSync(app.workspace).mode & 0o777).toBe(0o700);
  const token = join(app.workspace, 'state', 'token');
  expect(statSync(token).mode & 0o777).toBe(0o600);
  expect(readFileSync(token, 'utf8').trim()).toBe(app.token);
  const { status, took } = await app.stop();
  expect(status).toBe(0);
  expect(took).toBeLessThan(5000);
  expect(markedProcesses(workspaceMark(app.workspace))).toEqual([]);
  expect(existsSync(join(app.workspace, 'state', 'running.json'))).toBe(false);
});

test('after kill -9 its children end by themselves, and the next start works in the same workspace', async () => {
  const app = await launch();
  await app.stop('SIGKILL');
  await expect.poll(() => markedProcesses(workspaceMark(app.workspace)).map(describeProcess)).toEqual([]);
  const next = await launch({ workspace: app.workspace });
  expect(next.token).toBe(app.token);
});

test('Ctrl-C that arrives twice, from the terminal and from npm, stops the app as one does', async () => {
  const app = await launch();
  process.kill(app.pid, 'SIGINT');
  const { status } = await app.stop('SIGINT');
  expect({ status, left: existsSync(join(app.workspace, 'state', 'running.json')) }).toEqual({ status: 0, left: false });
});

async function launch(options: Parameters<typeof startApp>[0] = {}): Promise<App> {
  const workspace = options.workspace ?? makeWorkspace();
  onTestFinished(() => removeWorkspace(workspace));
  const app = await startApp({ ...options, workspace });
  onTestFinished(async () => void (await app.stop()));
  return app;
}

/** Exchanges the token for the cookie, as the browser does. */
async function signIn(app: App): Promise<string> {
  const answer = await ask(app, `/?token=${app.token}`);
  expect(answer.status).toBe(303);
  expect(answer.headers.location).toBe('/');
  const [cookie = ''] = answer.headers['set-cookie'] ?? [];
  expect(cookie).toMatch(/HttpOnly; SameSite=Strict; Path=\/$/);
  return cookie.split(';')[0] as string;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

function ask(app: App, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const { hostname, port, host } = new URL(app.origin);
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: hostname, port, path, headers: { host, ...headers } }, (incoming) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode as number, headers: incoming.headers, body }));
    });
    outgoing.on('error', reject).end();
  });
}

/** The first line of the answer to a WebSocket handshake; empty when the connection is just closed. */
function handshake(app: App, headers: Record<string, string>, path = '/socket.io/?EIO=4&transport=websocket'): Promise<string> {
  const lines = Object.entries({
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'c2l4dGVlbiBieXRlcyEhIQ==',
    ...headers,
  });
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(app.origin).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
      if (answer.includes('\r\n')) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer.split('\r\n')[0] as string));
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  });
}
