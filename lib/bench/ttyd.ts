// ttyd as a peer, where one is on PATH: a program in C, and no package of npm.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { WebSocket } from 'ws';
import { openForeign } from './foreign-peer.ts';
import { hearing, type Line, type Peer } from './line.ts';

/** Of a server's message, the first byte: what follows is output. The others are the window's title and preferences. */
const output = '0'.charCodeAt(0);

/** @throws Error when there is no ttyd, or one before 1.7.4, which knows no `--writable` */
export async function openTtyd(): Promise<Peer> {
  const { stdout, error } = spawnSync('ttyd', ['--version'], { encoding: 'utf8' });
  if (error) throw new Error('there is no ttyd on PATH; the table goes without its column');
  return openForeign({
    kind: 'ttyd',
    version: stdout.trim().replace(/^ttyd version /, ''),
    file: 'ttyd',
    args: (port) => ['--port', port, '--interface', '127.0.0.1', '--writable', 'bash'],
    path: '/',
    connect: connectTtyd,
  });
}

/** Never asks for a pause: ttyd's page does so only when it draws slower than it receives, and nothing is drawn here. */
export async function connectTtyd(url: string): Promise<Line> {
  // Compressed messages, which a browser would be sent, would make it slower.
  const page = new (clientClass())(`${url.replace('http', 'ws')}/ws`, ['tty'], { perMessageDeflate: false });
  const heard = hearing();
  page.on('message', (message: Buffer) => {
    if (message[0] === output) heard.output(message.subarray(1));
  });
  page.on('close', heard.exit);
  page.on('error', () => {}); // what fails later closes as well
  await once(page, 'open');
  page.send(Buffer.from(JSON.stringify({ AuthToken: '', columns: 120, rows: 40 })));
  return {
    ...heard.line,
    type: (text) => page.send(Buffer.from(`0${text}`)),
    stall: () => page.pause(),
    close: () => page.terminate(),
  };
}

/** The WebSocket client that engine.io brings along; Node has one of its own only from 22 on. */
function clientClass(): typeof WebSocket {
  const engine = createRequire(import.meta.url).resolve('engine.io');
  return createRequire(engine)('ws');
}
