// wetty from npm as a peer. Installed by the bench itself, for it is no dependency of this project.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io, type Socket } from 'socket.io-client';
import { type Line, type Peer, pause } from './line.ts';
import { socketOf } from './reflector.ts';

const version = '3.2.0';
/** wetty's page acknowledges each time that so many characters were shown. */
const ackSize = 262_144;
/** wetty opens local shells for root only and asks others to log in by SSH; it is told that it is root, which changes nothing else. */
const asRoot = 'data:text/javascript,process.getuid=()=>0';

/** @param cache where packages may be installed */
export async function openWetty(cache: string): Promise<Peer> {
  const program = install(cache);
  const home = mkdtempSync(join(tmpdir(), 'wetty-bench-'));
  const port = await freePort();
  const server = spawn(
    process.execPath,
    [
      '--import',
      asRoot,
      program,
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--base',
      '/wetty',
      '--command',
      'bash',
      '--log-level',
      'error',
    ],
    { stdio: 'ignore', cwd: home, env: { ...process.env, HOME: home, NODE_ENV: 'production' } },
  );
  const url = `http://127.0.0.1:${port}`;
  await listening(`${url}/wetty`, () => server.exitCode !== null);
  return {
    name: `wetty ${version}`,
    address: { kind: 'wetty', url },
    processes: () => [server.pid as number],
    open: () => connectWetty(url),
    reopen(line) {
      line.close();
      return connectWetty(url);
    },
    async close() {
      server.kill('SIGTERM');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function install(cache: string): string {
  const program = join(cache, 'node_modules', 'wetty', 'build', 'main.js');
  if (existsSync(program)) return program;
  console.error(`Installing wetty ${version} into ${cache} (once) …`);
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'package.json'), '{"private":true}\n');
  const npm = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', `wetty@${version}`], {
    cwd: cache,
    encoding: 'utf8',
  });
  if (npm.status !== 0 || !existsSync(program)) {
    throw new Error(
      `npm could not install wetty ${version}: ${(npm.stderr || npm.error?.message || 'no message').trim().split('\n').slice(-1)}`,
    );
  }
  return program;
}

export async function connectWetty(url: string): Promise<Line> {
  const page: Socket = io(url, { path: '/wetty/socket.io', transports: ['websocket'], forceNew: true, reconnection: false });
  const listeners = new Set<(chunk: string) => void>();
  const exits = new Set<() => void>();
  let counted = 0;
  let begin: (time: number) => void = () => {};
  const firstOutput = new Promise<number>((resolve) => {
    begin = resolve;
  });
  page.on('data', (text: string) => {
    begin(performance.now());
    for (const listener of listeners) listener(text);
    counted += text.length;
    if (counted < ackSize) return;
    counted -= ackSize;
    page.emit('commit', ackSize);
  });
  page.on('logout', () => {
    for (const listener of exits) listener();
  });
  const loggedIn = new Promise((resolve) => page.once('login', resolve));
  await new Promise<void>((resolve, reject) => {
    page.once('connect', resolve);
    page.once('connect_error', reject);
  });
  await loggedIn;
  page.emit('resize', { cols: 120, rows: 40 });
  return {
    firstOutput,
    type: (text) => page.emit('input', text),
    onOutput(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onExit: (listener) => exits.add(listener),
    stall: () => socketOf(page)?.pause(),
    close() {
      socketOf(page)?.resume();
      page.disconnect();
    },
  };
}

async function listening(url: string, ended: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !ended(); tries += 1) {
    const answered = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await pause(50);
  }
  throw new Error('wetty did not start');
}

/** A port that was free a moment ago: wetty cannot be asked to choose one. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
