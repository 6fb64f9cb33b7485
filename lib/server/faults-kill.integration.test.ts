// An app that is killed, starved or left alone: nothing of it stays, and nothing that it showed is lost.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, inject, onTestFinished, test } from 'vitest';
import { type App, makeWorkspace, removeWorkspace, startApp } from '#lib/testing/app.ts';
import { describeProcess } from '#lib/testing/describe-process.ts';
import { openSocketPage, type SocketPage } from '#lib/testing/socket-page.ts';
import { workspaceMark } from './settings.ts';
import { markedProcesses } from './survivors.ts';

const patience = { timeout: 20_000, interval: 50 };
/** The goals are for a computer that has nothing else to do. The tests run beside others, so a start that was just seen is the measure. */
const busy = (goal: number, measured: number) => Math.max(goal, measured);
/** They leave their session or ignore its end; each says when it runs. */
const clinging = [
  'setsid bash -c "echo one $((1)); exec sleep 1000" &',
  'nohup bash -c "trap : TERM HUP INT; while :; do sleep 1; done" >/dev/null 2>&1 &',
  '(setsid bash -c "(trap \\"\\" HUP TERM; exec sleep 1000) & exec sleep 1000" &);',
].join(' ');

test('after kill -9 nothing lives two seconds later, and the page is back within three with all that was shown', async () => {
  const first = await timed(async () => readPage(await launch()));
  const app = first.value;
  const page = await openPage(app);
  page.type(`${clinging} echo "begun $((1 + 1))"\r`);
  await expect.poll(page.text, patience).toContain('begun 2');
  page.type('for i in $(seq 400); do echo "numbered $i"; done; exec sleep 1000\r');
  await expect.poll(page.text, patience).toContain('numbered 400\r\n');
  const shown = page.text();
  // No more than the last quarter of a second may be lost.
  await expect.poll(() => savedOutput(app.workspace), { timeout: busy(250, first.took / 4), interval: 10 }).toContain('numbered 400\r\n');
  const mark = workspaceMark(app.workspace);
  expect(markedProcesses(mark).length).toBeGreaterThan(6);
  await app.stop('SIGKILL');
  await expect.poll(() => markedProcesses(mark).map(describeProcess), { timeout: busy(2000, first.took), interval: 20 }).toEqual([]);

  const next = await timed(async () => readPage(await launch(app.workspace)));
  expect(next.took).toBeLessThan(busy(3000, 2 * first.took));
  const returned = await openPage(next.value);
  expect(returned.text().startsWith(shown)).toBe(true);
}, 120_000);

test('after SIGTERM no process, port or terminal is left, whatever clings to life', async () => {
  const app = await launch();
  const page = await openPage(app);
  page.type(`${clinging} echo "begun $((1 + 1))"\r`);
  await expect.poll(page.text, patience).toContain('begun 2');
  const mark = workspaceMark(app.workspace);
  const family = [app.pid, ...markedProcesses(mark)];
  const [sockets, terminals] = [listeners(family), devices(family)];
  expect(sockets.length).toBeGreaterThan(1);
  expect(terminals.length).toBeGreaterThan(0);
  expect((await app.stop()).took).toBeLessThan(5000);
  // What was killed last may take a moment to be gone.
  await expect.poll(() => markedProcesses(mark).map(describeProcess), patience).toEqual([]);
  expect(listening().filter((socket) => sockets.includes(socket))).toEqual([]);
  expect(devices(family)).toEqual([]);
}, 120_000);

test('whoever reads what the app prints may go away', async () => {
  const workspace = makeWorkspace();
  onTestFinished(() => removeWorkspace(workspace));
  const child = spawn(process.execPath, [join(inject('programs'), 'server.mjs'), '--workspace', workspace, '--port', '0'], {
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });
  const lines = createInterface({ input: child.stdout });
  let url = '';
  for await (const line of lines) {
    url = /http:\/\/localhost:\d+\/\?token=[0-9a-f]+/.exec(line)?.[0] ?? '';
    if (url) break;
  }
  child.stdout.destroy();
  child.stderr.destroy();
  const lab = markedProcesses(workspaceMark(workspace)).find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('lab.mjs'));
  process.kill(lab as number, 'SIGKILL'); // the app has something to say
  const { origin, searchParams } = new URL(url);
  const page = await openSocketPage({ origin, token: searchParams.get('token') as string } as App);
  await expect.poll(() => page.notices.map(({ text }) => text).join(), patience).toContain('The lab ended by SIGKILL');
  expect(child.exitCode).toBe(null);
}, 120_000);

test('with no file to open left the app says so, lives on, and works when there are some again', async () => {
  const app = await launch(makeTemporary(), 260);
  const page = await openPage(app);
  const base = descriptors(app.pid);
  const { port } = new URL(app.origin);
  const held: Socket[] = [];
  onTestFinished(() => held.forEach((socket) => void socket.destroy()));
  for (let count = 0; count < 400; count += 1) held.push(connect(Number(port), '127.0.0.1').on('error', () => {}));
  await expect.poll(() => descriptors(app.pid), patience).toBeGreaterThan(240);
  page.type('echo "meanwhile $((1 + 1))"\r');
  await expect.poll(page.text, patience).toContain('meanwhile 2');
  for (const socket of held) socket.destroy();
  await expect.poll(() => descriptors(app.pid), patience).toBeLessThan(base + 10);
  const another = await openSocketPage(app, 'journal');
  await another.attach();
  await expect.poll(another.text, patience).toMatch(/\$ /);
}, 120_000);

test('a second instance ends within a second with status 3, and says who is there', async () => {
  const { value: app, took } = await timed(() => launch());
  const began = performance.now();
  const second = spawnSync(process.execPath, [join(inject('programs'), 'server.mjs'), '--port', '0', '--workspace', app.workspace], {
    encoding: 'utf8',
  });
  expect(performance.now() - began).toBeLessThan(busy(1000, took));
  expect(second.status).toBe(3);
  expect(second.stdout).toContain(`process ${app.pid}`);
  expect(second.stdout).toContain(app.url);
}, 120_000);

function makeTemporary(): string {
  const workspace = makeWorkspace();
  onTestFinished(() => removeWorkspace(workspace));
  return workspace;
}

async function launch(workspace = makeTemporary(), files?: number): Promise<App> {
  const app = await startApp({ workspace });
  if (files) execFileSync('prlimit', ['--pid', String(app.pid), `--nofile=${files}`]);
  onTestFinished(async () => void (await app.stop()));
  return app;
}

/** What of the shell's output is on disk. */
function savedOutput(workspace: string): string {
  const folder = join(workspace, 'state', 'terminals', 'shell');
  const segments = readdirSync(folder).filter((name) => name.endsWith('.out'));
  return segments.map((name) => readFileSync(join(folder, name), 'utf8')).join('');
}

/** Answers with the app once its first page is there. */
async function readPage(app: App): Promise<App> {
  const answer = await fetch(app.origin, { headers: { authorization: `Bearer ${app.token}` } });
  expect(answer.status).toBe(200);
  await answer.text();
  return app;
}

async function timed<Value>(run: () => Promise<Value>): Promise<{ value: Value; took: number }> {
  const began = performance.now();
  const value = await run();
  return { value, took: performance.now() - began };
}

async function openPage(app: App): Promise<SocketPage> {
  const page = await openSocketPage(app);
  await page.attach();
  await expect.poll(page.text, patience).toMatch(/\$ /);
  return page;
}

function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** The sockets on which these processes listen, as the kernel numbers them: a port may soon be somebody else's. */
function listeners(pids: number[]): string[] {
  const held = new Set(pids.flatMap((pid) => links(pid).flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? [])));
  return listening().filter((socket) => held.has(socket));
}

function listening(): string[] {
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return rows.flatMap(([, , , state, , , , , , socket]) => (state === '0A' && socket ? [socket] : []));
}

/** The terminals that these processes hold. */
function devices(pids: number[]): string[] {
  return [...new Set(pids.flatMap((pid) => links(pid).filter((link) => link.startsWith('/dev/pts/') || link === '/dev/ptmx')))];
}

function links(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).flatMap((name) => {
      try {
        return [readlinkSync(join(folder, name))];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return []; // gone
  }
}
