import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AttachReply, AttachRequest } from '#lib/shared/protocol.ts';
import type { AppSocket } from './connection.ts';
import { linkTerminal } from './terminal-link.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The other end of the socket, and a screen that parses when it is told to. */
function fixture({ connected = true } = {}) {
  const events = new EventEmitter();
  const said: [event: string, ...details: unknown[]][] = [];
  const attaches: { request: AttachRequest; answer(offset: number, end?: number): void }[] = [];
  const socket = Object.assign(events, { connected }) as unknown as AppSocket & { connected: boolean };
  const hear = EventEmitter.prototype.emit.bind(events);
  socket.emit = ((event: string, ...details: unknown[]) => {
    if (event !== 'terminal:attach') return void said.push([event, ...details]);
    const [request, reply] = details as [AttachRequest, (answer: AttachReply) => void];
    const state = { terminal: 'shell', status: 'prompt', directory: '~', size: request.size } as const;
    attaches.push({ request, answer: (offset, end = offset) => reply({ ok: true, offset, end, log: 'log-1', driving: true, state }) });
  }) as never;
  const shown: string[] = [];
  const parsing: (() => void)[] = [];
  const drives: boolean[] = [];
  const screen = {
    settle: (settled: () => void) => void parsing.push(settled),
    write(bytes: Uint8Array, parsed: () => void) {
      shown.push(new TextDecoder().decode(bytes));
      parsing.push(parsed);
    },
    showGap: (bytes: number) => shown.push(`[gap ${bytes}]`),
    clear: () => shown.push('[clear]'),
    drive: (yes: boolean) => void drives.push(yes),
    size: () => ({ cols: 80, rows: 24 }),
  };
  return {
    socket,
    said,
    attaches,
    shown,
    drives,
    driver: (driving: boolean, terminal = 'shell') => hear('terminal:driver', terminal, driving),
    link: linkTerminal(socket, 'shell', screen, (reason) => shown.push(`[refused ${reason}]`)),
    print: (offset: number, text: string, terminal = 'shell') => hear('terminal:output', terminal, offset, new TextEncoder().encode(text)),
    gap: (from: number, to: number) => hear('terminal:gap', 'shell', from, to),
    reconnect: () => hear('connect'),
    parseOne: () => parsing.shift()?.(),
    parseAll() {
      for (const parsed of parsing.splice(0)) parsed();
      vi.advanceTimersByTime(1000);
    },
    acknowledged: () => said.filter(([event]) => event === 'terminal:ack').map(([, , offset]) => offset),
  };
}

test('the first attach asks for the last screenfuls, and what comes is shown and acknowledged once it is parsed', () => {
  const { attaches, print, shown, parseAll, acknowledged } = fixture();
  expect(attaches[0]?.request).toEqual({
    terminal: 'shell',
    offset: null,
    log: undefined,
    page: expect.any(String),
    size: { cols: 80, rows: 24 },
  });
  attaches[0]?.answer(1000);
  print(1000, 'hello ');
  print(1006, 'world');
  expect(shown).toEqual(['hello ', 'world']);
  expect(acknowledged()).toEqual([]);
  parseAll();
  expect(acknowledged()).toEqual([1011]);
});

test('keys typed before the answer to an attach are sent after it, by the window that drives', () => {
  const { attaches, driver, link, reconnect, said } = fixture();
  const sent = () => said.filter(([event]) => event === 'terminal:input').map(([, , text]) => text);
  link.type('a');
  link.type('b');
  expect(sent()).toEqual([]);
  attaches[0]?.answer(0);
  link.type('c');
  expect(sent()).toEqual(['a', 'b', 'c']);

  reconnect();
  driver(false); // the server's word before the answer is not the last one
  link.type('d');
  attaches[1]?.answer(0);
  expect(sent()).toEqual(['a', 'b', 'c', 'd']);
});

test('output that overtakes the answer to its attach is shown after it', () => {
  const { attaches, print, shown } = fixture();
  print(1000, 'early');
  expect(shown).toEqual([]);
  attaches[0]?.answer(1000);
  expect(shown).toEqual(['early']);
});

test('after a reconnection it goes on where it was, and bytes that come twice are shown once', () => {
  const { attaches, print, shown, reconnect } = fixture();
  attaches[0]?.answer(0);
  print(0, 'abcdef');
  reconnect();
  expect(attaches[1]?.request).toMatchObject({ offset: 6, log: 'log-1' });
  attaches[1]?.answer(6);
  print(4, 'efgh');
  print(2, 'cd');
  expect(shown).toEqual(['abcdef', 'gh']);
});

test('a gap is marked once, whoever tells of it', () => {
  const { attaches, print, gap, shown, reconnect } = fixture();
  attaches[0]?.answer(0);
  print(0, 'ab');
  reconnect();
  attaches[1]?.answer(100);
  gap(2, 100);
  print(100, 'cd');
  expect(shown).toEqual(['ab', '[gap 98]', 'cd']);
});

test('a log that begins anew clears the screen', () => {
  const { attaches, print, shown, reconnect, parseAll, acknowledged } = fixture();
  attaches[0]?.answer(5000);
  print(5000, 'old');
  parseAll();
  reconnect();
  attaches[1]?.answer(0);
  print(0, 'new');
  expect(shown).toEqual(['old', '[clear]', 'new']);
  parseAll();
  expect(acknowledged()).toEqual([5003, 3]);
});

test('other terminals’ output is not shown', () => {
  const { attaches, print, shown } = fixture();
  attaches[0]?.answer(0);
  print(0, 'elsewhere', 'journal');
  expect(shown).toEqual([]);
});

test('a long paste goes in pieces that the server takes', () => {
  const { attaches, link, said } = fixture();
  attaches[0]?.answer(0);
  link.type('x'.repeat(70_000));
  expect(said.map(([, , text]) => (text as string).length)).toEqual([32_768, 32_768, 4464]);
});

test('what is typed without a connection is dropped, not sent later', () => {
  const { link, said, attaches } = fixture({ connected: false });
  link.type('rm -rf ~');
  expect(said).toEqual([]);
  expect(attaches).toEqual([]);
});

test('it counts as replaying until history is parsed, not longer, and again after a reconnection', () => {
  const { link, attaches, print, parseOne, parseAll, reconnect, shown } = fixture();
  expect(link.replaying()).toBe(true);
  attaches[0]?.answer(0, 3);
  print(0, 'oldlive');
  expect(shown).toEqual(['old', 'live']);
  parseOne();
  expect(link.replaying()).toBe(true);
  parseOne();
  expect(link.replaying()).toBe(false);
  parseAll();
  reconnect();
  expect(link.replaying()).toBe(true);
  attaches[1]?.answer(7, 7);
  parseAll();
  expect(link.replaying()).toBe(false);
});

test('after a gap that reaches to the end, what comes next is live', () => {
  const { link, attaches, print, parseAll, reconnect, shown } = fixture();
  attaches[0]?.answer(0);
  print(0, 'ab');
  reconnect();
  attaches[1]?.answer(100, 100);
  parseAll();
  expect(shown).toEqual(['ab', '[gap 98]']);
  expect(link.replaying()).toBe(false);
});

test('what is parsed of a log that was cleared is not acknowledged in the new one', () => {
  const { attaches, print, reconnect, parseAll, acknowledged } = fixture();
  attaches[0]?.answer(5000);
  print(5000, 'old');
  reconnect();
  attaches[1]?.answer(0);
  print(0, 'new');
  parseAll();
  expect(acknowledged()).toEqual([3]);
});

test('a page that looks on sends neither keys nor its size', () => {
  const { link, said, attaches, drives, driver } = fixture();
  attaches[0]?.answer(0);
  driver(false);
  driver(true, 'journal');
  link.type('ls');
  link.resize();
  expect(said).toEqual([]);
  driver(true);
  link.type('ls');
  expect(said).toEqual([['terminal:input', 'shell', 'ls']]);
  expect(drives).toEqual([true, false, true]);
});

test('a closed link detaches and listens no more', () => {
  const { link, said, attaches, print, shown } = fixture();
  attaches[0]?.answer(0);
  link.close();
  print(0, 'late');
  expect(shown).toEqual([]);
  expect(said.at(-1)).toEqual(['terminal:detach', 'shell']);
});
