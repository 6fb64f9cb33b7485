// A page without a browser: its socket, and what it has been sent of a terminal.
import { io, type Socket } from 'socket.io-client';
import { onTestFinished } from 'vitest';
import type { TerminalName } from '#lib/shared/chapter.ts';
import type { AttachReply, ClientEvents, Notice, ServerEvents } from '#lib/shared/protocol.ts';
import type { Run } from '#lib/shared/run.ts';
import { socketParser } from '#lib/shared/socket-parser.ts';
import type { App } from './app.ts';

export type Attached = AttachReply & { ok: true };

export interface SocketPage {
  socket: Socket<ServerEvents, ClientEvents>;
  notices: Notice[];
  runs: Run[];
  /** Everything shown so far; gaps as `[gap N]`. */
  text(): string;
  /** The same as bytes. */
  bytes(): Buffer;
  /** Where the next byte will be. */
  received(): number;
  /** Of false, nothing is acknowledged any more, as by a page that hangs. */
  acknowledge(yes: boolean): void;
  /** @throws Error with the server's reason */
  attach(request?: { offset?: number | null; log?: string; page?: string; size?: { cols: number; rows: number } }): Promise<Attached>;
  type(text: string): void;
}

export async function openSocketPage(app: App, terminal: TerminalName = 'shell'): Promise<SocketPage> {
  const headers = { authorization: `Bearer ${app.token}` };
  const options = { parser: socketParser, transports: ['websocket'], extraHeaders: headers, reconnection: false };
  const socket: SocketPage['socket'] = io(app.origin, options);
  onTestFinished(() => void socket.disconnect());
  const parts: Buffer[] = [];
  const notices: Notice[] = [];
  const runs: Run[] = [];
  let received = 0;
  let acknowledging = true;
  socket.on('notice', (notice) => notices.push(notice));
  socket.on('runs', (all) => runs.push(...all));
  socket.on('terminal:gap', (_name, from, to) => {
    parts.push(Buffer.from(`[gap ${to - from}]`));
    received = to;
  });
  socket.on('terminal:output', (name, offset, bytes) => {
    if (offset !== received && parts.length > 0) throw new Error(`Byte ${received} was due and ${offset} came.`);
    parts.push(Buffer.from(bytes));
    received = offset + bytes.byteLength;
    if (acknowledging) socket.emit('terminal:ack', name, received);
  });
  await new Promise((resolve, reject) => socket.once('connect', () => resolve(undefined)).once('connect_error', reject));
  return {
    socket,
    notices,
    runs,
    text: () => Buffer.concat(parts).toString(),
    bytes: () => Buffer.concat(parts),
    received: () => received,
    acknowledge(yes) {
      acknowledging = yes;
      if (yes) socket.emit('terminal:ack', terminal, received);
    },
    async attach({ offset = null, log, page, size = { cols: 80, rows: 24 } } = {}) {
      const request = { terminal, offset, size, ...(log && { log }), ...(page && { page }) };
      const answer = await socket.timeout(20_000).emitWithAck('terminal:attach', request);
      if (!answer.ok) throw new Error(answer.reason);
      if (parts.length === 0) received = answer.offset;
      return answer;
    },
    type: (text) => void socket.emit('terminal:input', terminal, text),
  };
}
