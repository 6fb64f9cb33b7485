// More terminals than one app has: a process with one pty host and as many of our socket servers as it takes, two terminals each.
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createDrivers } from '#lib/server/drivers.ts';
import { createGate } from '#lib/server/gate.ts';
import { listenOn } from '#lib/server/listen.ts';
import { openSockets, welcomePage } from '#lib/server/sockets.ts';
import { createWebServer, serveWeb } from '#lib/server/web.ts';
import { type TerminalName, terminalNames } from '#lib/shared/chapter.ts';
import { openOutputHistory } from '#lib/terminal/output-history.ts';
import { startPtyHost, type TerminalPtyHost } from '#lib/terminal/pty-host.ts';
import { openTerminal, type Terminal } from '#lib/terminal/terminal.ts';
import { connectReflector, type ReflectorLine } from './reflector.ts';

/** One viewer's line to each of so many terminals; the second part ends everything. */
export async function openManyTerminals(bench: string, count: number): Promise<{ lines: ReflectorLine[]; close(): Promise<void> }> {
  const child = fork(bench, ['many-terminals', String(Math.ceil(count / terminalNames.length))], { stdio: 'inherit' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const urls = await Promise.race([
    new Promise<string[]>((resolve) => child.once('message', (found) => resolve(found as string[]))),
    exited.then(() => Promise.reject(new Error('The process with many terminals could not be started.'))),
  ]);
  const lines: ReflectorLine[] = [];
  for (const url of urls) for (const which of [0, 1] as const) lines.push(await connectReflector(url, which));
  return {
    lines: lines.slice(0, count),
    async close() {
      for (const line of lines) line.close();
      if (child.connected) child.send('stop');
      await exited;
    },
  };
}

/** The process's own part. */
export async function serveManyTerminals(bench: string, servers: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'many-terminals-'));
  const host = startPtyHost({ program: join(dirname(bench), 'pty-host.mjs') });
  const urls: string[] = [];
  for (let index = 0; index < servers; index += 1) urls.push(await serveTerminals(host, join(directory, String(index))));
  process.send?.(urls);
  const stop = async () => {
    await host.close();
    rmSync(directory, { recursive: true, force: true });
    process.exit(0);
  };
  process.once('message', stop);
  process.once('disconnect', stop);
}

/** One socket server as the app has it, without pages, runs and a cluster. Answers with its address and token. */
async function serveTerminals(host: TerminalPtyHost, directory: string): Promise<string> {
  mkdirSync(directory, { mode: 0o700 });
  const { io, engine } = openSockets();
  const drivers = createDrivers();
  const terminals = new Map<TerminalName, Promise<Terminal>>();
  io.on('connection', (page) =>
    welcomePage(page, {
      terminal,
      drivers,
      runner: { list: () => [], stop() {}, answer() {} },
      checks: { reports: () => [], show() {} },
      expectations: { reports: () => [] },
      cluster: () => ({ status: 'down' }),
      progress: () => [],
      notices: () => [],
    }),
  );
  const web = createWebServer();
  const port = await listenOn(web, 0);
  const address = `localhost:${port}`;
  const token = randomBytes(16).toString('hex');
  const origins = { app: `http://${address}`, preview: 'http://127.0.0.1:1' };
  serveWeb(web, {
    gate: createGate(address, token),
    origins,
    engine,
    pages: async (_request, response) => void response.end(),
    dev: false,
  });
  return `http://${address}/?token=${token}`;

  function terminal(name: TerminalName): Promise<Terminal> {
    const opened = terminals.get(name) ?? open(name);
    terminals.set(name, opened);
    return opened;
  }

  async function open(name: TerminalName): Promise<Terminal> {
    const history = openOutputHistory({ folder: join(directory, name), failing: (message) => message && console.error(message) });
    const environment = { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', HOME: directory };
    const size = { cols: 120, rows: 40 };
    const places = { home: directory, directory, runDirectory: directory };
    const terminal = await openTerminal({ name, host, bash: '/bin/bash', environment, size, history, ...places });
    terminal.onState((state) => io.emit('terminal:state', state));
    return terminal;
  }
}
