import { expect, test } from 'vitest';
import { createFrameDecoder, encodeFrame } from './stream-frames.ts';

test('frames are told apart however the connection cuts them', () => {
  const bytes = Buffer.concat([
    encodeFrame('stdout', Buffer.from('one')),
    encodeFrame('stderr', Buffer.from('two')),
    encodeFrame('stdout', Buffer.alloc(0)),
    encodeFrame('stdout', Buffer.from('three')),
  ]);
  for (const size of [1, 5, bytes.length]) {
    const seen = { stdout: '', stderr: '' };
    const decode = createFrameDecoder((stream, chunk) => {
      seen[stream] += chunk;
    });
    for (let start = 0; start < bytes.length; start += size) decode(bytes.subarray(start, start + size));
    expect(seen).toEqual({ stdout: 'onethree', stderr: 'two' });
  }
});

test('a frame is 1 or 2, three zeros, and the length in four bytes', () => {
  expect([...encodeFrame('stderr', Buffer.from('abc'))]).toEqual([2, 0, 0, 0, 0, 0, 0, 3, 97, 98, 99]);
});
