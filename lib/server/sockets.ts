// The socket between page and server: parses what comes in, and passes on what terminals, runs and the cluster report.
import { Server as Engine } from 'engine.io';
import { Server, type Socket } from 'socket.io';
import type { z } from 'zod';
import type { TerminalName } from '#lib/shared/chapter.ts';
import type { ClusterState } from '#lib/shared/cluster.ts';
import { type ClientEvents, inboundSchemas, type Notice, type ServerEvents } from '#lib/shared/protocol.ts';
import type { Terminal } from '#lib/terminal/terminal.ts';
import type { Viewer } from '#lib/terminal/viewer.ts';
import type { Runner } from '#lib/tutorial/runner.ts';

export interface SocketSources {
  terminal(name: TerminalName): Promise<Terminal>;
  runner: Runner;
  cluster(): ClusterState;
  progress(): string[];
  /** Notices that newcomers should see as well. */
  notices(): Notice[];
}

export type Sockets = Server<ClientEvents, ServerEvents>;
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
  const io: Sockets = new Server({ serveClient: false });
  io.bind(engine);
  return { io, engine };
}

/** Tells a page that has just connected everything it should know, and listens to it. */
export function welcomePage(page: Page, { terminal, runner, cluster, progress, notices }: SocketSources) {
  page.emit('runs', runner.list());
  page.emit('cluster', cluster());
  page.emit('progress', progress());
  for (const notice of notices()) page.emit('notice', notice);

  const viewers = new Map<TerminalName, Viewer>();
  page.on('disconnect', () => {
    for (const viewer of viewers.values()) viewer.close();
    viewers.clear();
  });

  on('terminal:attach', async ({ terminal: name, offset, log, size }, reply) => {
    try {
      const opened = await terminal(name);
      if (!page.connected) return;
      viewers.get(name)?.close();
      opened.resize(size);
      const viewer = opened.attach({
        offset,
        logId: log,
        send: (at, bytes) => page.emit('terminal:output', name, at, bytes as unknown as ArrayBuffer),
        gap: (from, to) => page.emit('terminal:gap', name, from, to),
      });
      viewers.set(name, viewer);
      reply?.({ ok: true, offset: viewer.offset, end: viewer.end, log: opened.logId, state: opened.state() });
    } catch (error) {
      reply?.({ ok: false, reason: (error as Error).message });
    }
  });
  on('terminal:detach', (name) => {
    viewers.get(name)?.close();
    viewers.delete(name);
  });
  on('terminal:ack', (name, offset) => viewers.get(name)?.ack(offset));
  on('terminal:input', async (name, text) => (await terminal(name)).write(text));
  on('terminal:resize', async (name, size) => (await terminal(name)).resize(size));
  on('terminal:restart', async (name) => (await terminal(name)).restart());
  on('run:stop', (run) => runner.stop(run));
  on('run:answer', (run) => runner.answer(run));

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
