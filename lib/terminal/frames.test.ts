import { expect, test } from 'vitest';
import { controlFrame, createFrameReader, frameHeader, frameKind } from './frames.ts';

const stream = Buffer.concat([
  controlFrame(1, { type: 'opened', pid: 7 }),
  frameHeader(frameKind.bytes, 2, 5),
  Buffer.from('hello'),
  frameHeader(frameKind.bytes, 2, 0),
  frameHeader(frameKind.bytes, 3, 5),
  Buffer.from('world'),
  controlFrame(70_000, { type: 'exit', status: 3, signal: null }),
]);

function read(chunks: Buffer[]) {
  const frames: string[] = [];
  const output = new Map<number, string>();
  const reader = createFrameReader((kind, id, payload) => {
    if (kind === frameKind.bytes) output.set(id, (output.get(id) ?? '') + payload.toString());
    else frames.push(`${id} ${payload.toString()} after ${[...output.values()]}`);
  });
  for (const chunk of chunks) reader.push(chunk);
  return frames;
}

const expected = ['1 {"type":"opened","pid":7} after ', '70000 {"type":"exit","status":3,"signal":null} after hello,world'];

test('control frames come whole and output in order, wherever the stream is cut', () => {
  expect(read([stream])).toEqual(expected);
  for (let at = 1; at < stream.length; at++) expect(read([stream.subarray(0, at), stream.subarray(at)])).toEqual(expected);
  expect(read([...stream].map((byte) => Buffer.from([byte])))).toEqual(expected);
});

test('a length that no frame has is reported instead of waited for', () => {
  expect(() => read([Buffer.from('ffffffff0000000001', 'hex')])).toThrow('out of step');
});
