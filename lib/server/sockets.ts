// The socket between page and server: parses what comes in, and passes on what terminals, runs and the cluster report.
import { Server as Engine } from 'engine.io';
import { Server, type Socket } from 'socket.io';
import type { z } from 'zod';
import type { TerminalName } from '#lib/shared/chapter.ts';
import type { ClusterState } from '#lib/shared/cluster.ts';
import { type ClientEvents, inboundSchemas, type Notice, type ServerEvents } from '#lib/shared/protocol.ts';
import { socketParser } from '#lib/shared/socket-parser.ts';
import type { Terminal } from '#lib/terminal/terminal.ts';
import type { Viewer, ViewerRequest } from '#lib/terminal/viewer.ts';
import type { Checks } from '#lib/tutorial/checks.ts';
import type { Expectations } from '#lib/tutorial/expectations.ts';
import type { Runner } from '#lib/tutorial/runner.ts';
import type { Drivers, Watcher } from './drivers.ts';

export interface SocketSources {
  terminal(name: TerminalName): Promise<Terminal>;
  drivers: Drivers;
  runner: Pick<Runner, 'list' | 'stop' | 'answer'>;
  checks: Pick<Checks, 'reports' | 'show'>;
  expectations: Pick<Expectations, 'reports'>;
  cluster(): ClusterState;
  progress(): string[];
  /** Notices that newcomers should see as well. */
  notices(): Notice[];
}

export type Sockets = Server<ClientEvents, ServerEvents>;
/** A terminal that a page watches. */
interface Watched {
  viewer: Viewer;
  watcher: Watcher;
}

type Page = Socket<ClientEvents, ServerEvents>;
type Inbound = typeof inboundSchemas;

/** Enough for a pasted page of text; terminals take more in pieces. */
const maxMessage = 256 * 1024;

/** The engine is handed to the caller, whose gate decides which requests and upgrades reach it. */
export function openSockets(): { io: Sockets; engine: Engine } {
  const engine = new Engine({
    maxHttpBufferSize: maxMessage,
    perMessageDeflate: false,
    httpCompression: false,
    transports: ['websocket', 'polling'],
  });
  const io: Sockets = new Server({ serveClient: false, parser: socketParser });
  io.bind(engine);
  return { io, engine };
}

/** Tells a page that has just connected everything it should know, and listens to it. */
export function welcomePage(page: Page, { terminal, drivers, runner, checks, expectations, cluster, progress, notices }: SocketSources) {
  page.emit('runs', runner.list());
  page.emit('checks', checks.reports());
  page.emit('expectations', expectations.reports());
  page.emit('cluster', cluster());
  page.emit('progress', progress());
  for (const notice of notices()) page.emit('notice', notice);

  const watched = new Map<TerminalName, Watched>();
  page.on('disconnect', (reason) => {
    checks.show(page.id, null);
    const mayReturn = reason !== 'client namespace disconnect' && reason !== 'server namespace disconnect';
    for (const name of watched.keys()) detach(name, mayReturn);
  });

  on('terminal:attach', async ({ terminal: name, offset, log, page: window, size }, reply) => {
    try {
      const opened = await terminal(name);
      const screen = await opened.screen(offset, log);
      if (!page.connected) return;
      detach(name);
      const request: ViewerRequest = {
        offset,
        logId: log,
        send: (at, bytes) => page.emit('terminal:output', name, at, bytes),
        gap: (from, to) => page.emit('terminal:gap', name, from, to),
      };
      const viewer = opened.attach(request, screen);
      const watcher: Watcher = {
        size,
        window,
        drive(driving) {
          viewer.drive(driving);
          if (driving) opened.resize(watcher.size);
          page.emit('terminal:driver', name, driving);
        },
      };
      watched.set(name, { viewer, watcher });
      const driving = drivers.join(name, watcher);
      reply?.({ ok: true, offset: viewer.offset, end: viewer.end, log: opened.logId, driving, state: opened.state() });
    } catch (error) {
      reply?.({ ok: false, reason: (error as Error).message });
    }
  });
  on('terminal:detach', (name) => detach(name));
  on('terminal:ack', (name, offset) => watched.get(name)?.viewer.ack(offset));
  on('terminal:take-over', (name) => {
    const mine = watched.get(name);
    if (mine) drivers.takeOver(name, mine.watcher);
  });
  on('terminal:input', async (name, text) => {
    if (mayDrive(name)) (await terminal(name)).write(text);
  });
  on('terminal:resize', async (name, size) => {
    const mine = watched.get(name);
    if (mine) mine.watcher.size = size;
    if (mayDrive(name)) (await terminal(name)).resize(size);
  });
  on('terminal:reset', async (name) => {
    if (mayDrive(name)) (await terminal(name)).reset();
  });
  on('terminal:restart', async (name) => {
    if (mayDrive(name)) await (await terminal(name)).restart();
  });
  on('chapter:open', (slug) => checks.show(page.id, slug));
  on('run:stop', (run) => runner.stop(run));
  on('run:answer', (id) => {
    const run = runner.list().find((known) => known.id === id);
    if (!run) return;
    if (!mayDrive(run.terminal))
      throw new Error(`Another window drives the terminal "${run.terminal}": answer there, or take it over first.`);
    runner.answer(id);
  });

  function detach(name: TerminalName, mayReturn = false): void {
    const mine = watched.get(name);
    if (!mine) return;
    watched.delete(name);
    mine.viewer.close();
    drivers.leave(name, mine.watcher, mayReturn);
  }

  /** A page that has not opened the terminal may act on it as long as nobody else drives it. */
  function mayDrive(name: TerminalName): boolean {
    const driver = drivers.of(name);
    if (!driver || driver === watched.get(name)?.watcher) return true;
    page.emit('terminal:driver', name, false);
    return false;
  }

  /** Registers a handler behind its schema: what does not parse is dropped, because only a broken or hostile page sends it. */
  function on<Event extends keyof Inbound>(
    event: Event,
    handle: (
      ...values: [
        ...z.infer<Inbound[Event]>,
        ...(Event extends 'terminal:attach' ? [Parameters<ClientEvents['terminal:attach']>[1] | undefined] : []),
      ]
    ) => unknown,
  ) {
    page.on(
      event as never,
      (async (...values: unknown[]) => {
        const reply = typeof values.at(-1) === 'function' ? values.pop() : undefined;
        const parsed = inboundSchemas[event].safeParse(values);
        if (!parsed.success) return;
        try {
          await (handle as (...values: unknown[]) => unknown)(...(parsed.data as unknown[]), reply);
        } catch (error) {
          page.emit('notice', { id: `${event}-${Date.now()}`, tone: 'error', text: (error as Error).message });
        }
      }) as never,
    );
  }
}
