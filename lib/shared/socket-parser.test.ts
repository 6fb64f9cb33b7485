import { expect, test } from 'vitest';
import { socketParser } from './socket-parser.ts';

function decode(message: unknown) {
  const decoder = new socketParser.Decoder();
  const packets: unknown[] = [];
  decoder.on('decoded', (packet) => packets.push(packet));
  decoder.add(message);
  return packets;
}

const encode = (packet: { type: number; data?: unknown; id?: number }) => new socketParser.Encoder().encode({ nsp: '/', ...packet });

test('output crosses as one binary message and comes out byte for byte, far into a log too', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const offset = 2 ** 40 + 3;
  const messages = encode({ type: 2, data: ['terminal:output', 'journal', offset, bytes] });
  expect(messages).toEqual([expect.any(Uint8Array)]);
  const expected = { type: 2, nsp: '/', data: ['terminal:output', 'journal', offset, bytes] };
  expect(decode(messages[0])).toEqual([expected]);
  // A browser hands over an ArrayBuffer, and Node a view of a larger one.
  const [message] = messages as [Uint8Array];
  expect(decode(message.buffer)).toEqual([expected]);
  const padded = new Uint8Array(message.length + 7);
  padded.set(message, 7);
  expect(decode(padded.subarray(7))).toEqual([expected]);
});

test('everything else has the form that socket.io itself writes', () => {
  expect(encode({ type: 0, data: { sid: 'x' } })).toEqual(['0{"sid":"x"}']);
  expect(encode({ type: 1 })).toEqual(['1']);
  expect(encode({ type: 2, data: ['run:stop', '7'], id: 12 })).toEqual(['212["run:stop","7"]']);
  expect(decode('0')).toEqual([{ type: 0, nsp: '/' }]);
  expect(decode('212["run:stop","7"]')).toEqual([{ type: 2, nsp: '/', id: 12, data: ['run:stop', '7'] }]);
  expect(decode('312[{"ok":true}]')).toEqual([{ type: 3, nsp: '/', id: 12, data: [{ ok: true }] }]);
  expect(decode('2["text","two\nlines"]'.replace('\n', '\\n'))).toEqual([{ type: 2, nsp: '/', data: ['text', 'two\nlines'] }]);
});

test.each([
  '',
  'x',
  '2',
  '2{}',
  '2[7]',
  '2["disconnect"]',
  '2["newListener"]',
  '2/other,["x"]',
  '51-["x",{"_placeholder":true,"num":0}]',
  '3{}',
  '0[]',
  '2["x"',
  new Uint8Array([0, 1, 2]),
  new Uint8Array(20).fill(9),
  7,
  null,
])('what no honest peer sends is refused: %j', (message) => {
  expect(() => decode(message)).toThrow();
});
