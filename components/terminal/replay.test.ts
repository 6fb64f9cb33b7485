import { EventEmitter } from 'node:events';
import headless from '@xterm/headless';
import { expect, test } from 'vitest';
import type { AppSocket } from '#lib/client/connection.ts';
import type { AttachReply } from '#lib/shared/protocol.ts';
import { joinTerminal } from './join-terminal.ts';

/** Device attributes, secondary ones, status, cursor position, a mode, and the settings of a program. */
const questions = '\x1b[c\x1b[>c\x1b[5n\x1b[6n\x1b[?6n\x1b[?2004$p\x1bP$qm\x1b\\';

/** A real emulator on a socket that answers its attach with history up to `end`. */
function joined(end: number) {
  const terminal = new headless.Terminal({ cols: 80, rows: 24, allowProposedApi: true, logLevel: 'off' });
  const events = new EventEmitter();
  const hear = EventEmitter.prototype.emit.bind(events);
  const typed: string[] = [];
  const socket = Object.assign(events, { connected: true }) as unknown as AppSocket;
  socket.emit = ((event: string, ...details: unknown[]) => {
    if (event === 'terminal:input') typed.push(details[1] as string);
    if (event !== 'terminal:attach') return;
    const state = { terminal: 'shell', status: 'busy', directory: '~', size: { cols: 80, rows: 24 } } as const;
    (details[1] as (answer: AttachReply) => void)({ ok: true, offset: 0, end, log: 'log', driving: true, state });
  }) as never;
  joinTerminal(socket, 'shell', terminal as never, { refused: () => {}, drive: () => {} });
  return {
    typed,
    print: (offset: number, text: string) => hear('terminal:output', 'shell', offset, new TextEncoder().encode(text)),
    parsed: () => new Promise<void>((resolve) => terminal.write('', resolve)),
    press: (key: string) => terminal.input(key),
  };
}

test('questions in replayed output are not answered, for no program waits', async () => {
  const { typed, print, parsed } = joined(1000 + questions.length);
  print(0, 'x'.repeat(1000));
  print(1000, questions);
  await parsed();
  expect(typed).toEqual([]);
});

test('a question behind the replay is answered, even when both come in one piece', async () => {
  const { typed, print, parsed } = joined(questions.length);
  print(0, `${questions}\x1b[5n`);
  await parsed();
  expect(typed).toEqual(['\x1b[0n']);
});

test('what the learner types during the replay is sent', async () => {
  const { typed, print, press, parsed } = joined(questions.length);
  press('l');
  print(0, questions);
  press('s');
  await parsed();
  expect(typed).toEqual(['l', 's']);
});
