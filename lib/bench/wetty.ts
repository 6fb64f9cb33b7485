// wetty from npm as a peer. Installed by the bench itself, for it is no dependency of this project.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { io, type Socket } from 'socket.io-client';
import { openForeign } from './foreign-peer.ts';
import { hearing, type Line, type Peer } from './line.ts';
import { socketOf } from './reflector.ts';

const version = '3.2.0';
/** wetty's page acknowledges each time that so many characters were shown. */
const ackSize = 262_144;
/** wetty opens local shells for root only and asks others to log in by SSH; it is told that it is root, which changes nothing else. */
const asRoot = 'data:text/javascript,process.getuid=()=>0';

/** @param cache where packages may be installed */
export async function openWetty(cache: string): Promise<Peer> {
  const program = install(cache);
  return openForeign({
    kind: 'wetty',
    version,
    file: process.execPath,
    args: (port) => {
      const options = { host: '127.0.0.1', port, base: '/wetty', command: 'bash', 'log-level': 'error' };
      return ['--import', asRoot, program, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])];
    },
    path: '/wetty',
    connect: connectWetty,
  });
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
  const heard = hearing();
  let counted = 0;
  page.on('data', (text: string) => {
    heard.output(text);
    counted += text.length;
    if (counted < ackSize) return;
    counted -= ackSize;
    page.emit('commit', ackSize);
  });
  page.on('logout', heard.exit);
  const loggedIn = new Promise((resolve) => page.once('login', resolve));
  await new Promise<void>((resolve, reject) => {
    page.once('connect', resolve);
    page.once('connect_error', reject);
  });
  await loggedIn;
  page.emit('resize', { cols: 120, rows: 40 });
  return {
    ...heard.line,
    type: (text) => page.emit('input', text),
    stall: () => socketOf(page)?.pause(),
    close() {
      socketOf(page)?.resume();
      page.disconnect();
    },
  };
}
