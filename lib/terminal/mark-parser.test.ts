import { expect, test } from 'vitest';
import { createMarkParser, type Mark } from './mark-parser.ts';

const nonce = '0123456789abcdef';
const ours = (body: string) => `\x1b]633;${nonce};${body}\x07`;

function parse(chunks: Buffer[]) {
  const events: (string | Mark)[] = [];
  const parser = createMarkParser(nonce, {
    output(bytes) {
      expect(bytes.length).toBeGreaterThan(0);
      const last = events.at(-1);
      // Joined, so that only the bytes and their order count, not how they were cut.
      if (typeof last === 'string') events[events.length - 1] = last + bytes.toString('latin1');
      else events.push(bytes.toString('latin1'));
    },
    mark: (mark) => events.push(mark),
  });
  for (const chunk of chunks) parser.push(chunk);
  parser.end();
  return events;
}

const session = Buffer.from(
  [
    `\x1b[1mhello\x1b[0m\x1b]0;title\x07`,
    ours('P;1;0;501;7;2;1;/home/a;b'),
    '\x1b]133;A\x07$ ',
    ours('B'),
    `ls\r\n${ours('C;  501  ls; echo \\\\ \\n x')}`,
    `a\x1b\x1b]\x1b]633\x1b]633;0123\x1b]633;${nonce}\x07`,
    ours('S'),
    ours('N'),
    ours('A'),
    ours('P;2;127;;;;1;/'),
    'end\x1b]633;012',
  ].join(''),
);
const expected = [
  '\x1b[1mhello\x1b[0m\x1b]0;title\x07',
  { kind: 'prompt', prompt: 1, status: 0, history: 501, command: 7, stopped: 2, hooked: true, directory: '/home/a;b' },
  '\x1b]133;A\x07$ ',
  { kind: 'ready' },
  'ls\r\n',
  { kind: 'start', command: 'ls; echo \\ \n x' },
  `a\x1b\x1b]\x1b]633\x1b]633;0123\x1b]633;${nonce}\x07`,
  { kind: 'block' },
  { kind: 'continuation' },
  { kind: 'alive' },
  { kind: 'prompt', prompt: 2, status: 127, history: 501, command: null, stopped: null, hooked: false, directory: '/' },
  'end\x1b]633;012',
];

test('marks are taken out and everything else passes unchanged', () => {
  expect(parse([session])).toEqual(expected);
});

test('a stream cut at any byte, and at any two bytes, reads the same', () => {
  for (let first = 1; first < session.length; first++) {
    expect(parse([session.subarray(0, first), session.subarray(first)])).toEqual(expected);
    for (let second = first + 1; second < session.length; second += 7) {
      expect(parse([session.subarray(0, first), session.subarray(first, second), session.subarray(second)])).toEqual(expected);
    }
  }
  expect(parse([...session].map((byte) => Buffer.from([byte])))).toEqual(expected);
});

test('a mark with another nonce is output like any other', () => {
  const forged = `\x1b]633;${nonce.replace('0', '1')};P;9;0;1;/\x07`;
  expect(parse([Buffer.from(forged)])).toEqual([forged]);
});

test('a command that the shell kept out of its history is not mistaken for the one before', () => {
  const text = ours('P;1;0;501;1;0;1;/') + ours('C;  500  the one before');
  expect(parse([Buffer.from(text)]).at(-1)).toEqual({ kind: 'start', command: null });
  expect(parse([Buffer.from(ours('P;1;0;501;1;0;1;/') + ours('C;'))]).at(-1)).toEqual({ kind: 'start', command: null });
});

test('a mark of ours that never ends does not pile up in memory', () => {
  const parts = Array.from({ length: 40 }, () => Buffer.alloc(8192, 'x'));
  expect(parse([Buffer.from(`\x1b]633;${nonce};C;`), ...parts, Buffer.from('\x07after')])).toEqual(['after']);
});

test('bytes that are no text pass unchanged', () => {
  const bytes = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919) & 0xff));
  expect(parse([bytes])).toEqual([bytes.toString('latin1')]);
});
