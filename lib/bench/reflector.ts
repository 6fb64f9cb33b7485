// Our own app as a peer: the built server on a port of its own, spoken to as the page does.
import { io, type Socket } from 'socket.io-client';
import { createAcknowledgements } from '#lib/client/acknowledgements.ts';
import { type TerminalName, terminalNames } from '#lib/shared/chapter.ts';
import type { AttachReply, ClientEvents, ServerEvents } from '#lib/shared/protocol.ts';
import { socketParser } from '#lib/shared/socket-parser.ts';
import { startApp } from './app.ts';
import { hearing, type Line, type Peer } from './line.ts';
import { childrenOf } from './processes.ts';

type Page = Socket<ServerEvents, ClientEvents>;

export interface ReflectorLine extends Line {
  /** Everything before this offset of the log has been received. */
  offset(): number;
  /** Bytes that the server said were gone. */
  missed(): number;
  /** Drops the connection and comes back where it left off. */
  reconnect(): Promise<void>;
}

export interface ReflectorPeer extends Peer {
  open(terminal?: 0 | 1): Promise<ReflectorLine>;
}

/** @param programs where the bundled programs lie */
export async function openReflector(programs: string): Promise<ReflectorPeer> {
  const { url, pid, close } = await startApp(programs);
  const pids = [pid, ...childrenOf(pid, 'pty-host.mjs')];
  return {
    name: 'this app',
    address: { kind: 'reflector', url },
    processes: () => pids,
    open: (terminal = 0) => connectReflector(url, terminal),
    async reopen(line) {
      await settledExit(line as ReflectorLine);
      return line;
    },
    close,
  };
}

/** The restart of a shell; the line stays. */
async function settledExit(line: ReflectorLine): Promise<void> {
  await (line as ReflectorLine & { restart(): Promise<void> }).restart();
}

/** @param address the URL that the app prints, with its token */
export async function connectReflector(address: string, which: 0 | 1): Promise<ReflectorLine> {
  const url = new URL(address);
  const terminal = terminalNames[which] as TerminalName;
  const page: Page = io(url.origin, {
    parser: socketParser,
    transports: ['websocket'],
    extraHeaders: { authorization: `Bearer ${url.searchParams.get('token')}` },
    forceNew: true,
    reconnection: false,
  });
  const heard = hearing();
  let next: number | null = null;
  let missed = 0;
  const acknowledgements = createAcknowledgements((offset) => page.connected && page.emit('terminal:ack', terminal, offset));
  let status = 'starting';
  let driving = false;
  let ready = () => {};
  page.on('terminal:output', (name, offset, bytes) => {
    if (name !== terminal) return;
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (next !== null && offset > next) missed += offset - next;
    const known = Math.max(0, (next ?? offset) - offset);
    next = Math.max(next ?? 0, offset + chunk.length);
    heard.output(known > 0 ? chunk.subarray(known) : chunk);
    acknowledgements.taken(next);
  });
  page.on('terminal:state', (state) => {
    if (state.terminal !== terminal) return;
    status = state.status;
    if (status === 'exited') heard.exit();
    if (status === 'prompt') ready();
  });
  page.on('terminal:driver', (name, mine) => {
    if (name === terminal) driving = mine;
  });
  await connected();
  return {
    ...heard.line,
    type(text) {
      // Whoever types drives, as in a page whose learner takes over.
      if (!driving) page.emit('terminal:take-over', terminal);
      driving = true;
      page.emit('terminal:input', terminal, text);
    },
    stall: () => socketOf(page)?.pause(),
    close() {
      acknowledgements.close();
      socketOf(page)?.resume();
      page.disconnect();
    },
    offset: () => next ?? 0,
    missed: () => missed,
    async reconnect() {
      page.disconnect().connect();
      await connected();
    },
    // For the peer's own use.
    restart() {
      return new Promise<void>((resolve) => {
        ready = resolve;
        page.emit('terminal:restart', terminal);
      });
    },
  } as ReflectorLine;

  async function connected(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      page.once('connect', resolve);
      page.once('connect_error', reject);
    });
    page.off('connect_error');
    const request = { terminal, offset: next, size: { cols: 120, rows: 40 } };
    const answer = await new Promise<AttachReply>((resolve) => page.emit('terminal:attach', request, resolve));
    if (!answer.ok) throw new Error(answer.reason);
    next ??= answer.offset;
    driving = answer.driving;
  }
}

/** The TCP socket under a socket.io client that runs in Node. */
export function socketOf(client: { io: { engine: unknown } }): { pause(): void; resume(): void } | undefined {
  return (client.io.engine as { transport?: { ws?: { _socket?: { pause(): void; resume(): void } } } } | undefined)?.transport?.ws?._socket;
}
