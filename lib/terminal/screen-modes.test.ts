import { expect, test } from 'vitest';
import { isAlternate, trackModes, writeModes } from './screen-modes.ts';

const output = Buffer.from(
  '\x1b[31mred\x1b[?1049h\x1b[?1;1006;2004h\x1b[?25l text \x1b[?1h\x1b[?12;25h\x1b[?12l\x1b[?1006l\x1b[?7l\x1b]0;\x1b[?99\x07\x1b[?9',
);
const expected = [
  [1049, true],
  [1, true],
  [2004, true],
  [7, false],
];

test('modes are followed, wherever the output is cut', () => {
  for (let first = 1; first < output.length; first++) {
    for (let second = first; second < output.length; second += 5) {
      const tracker = trackModes(0);
      for (const part of [output.subarray(0, first), output.subarray(first, second), output.subarray(second)]) tracker.push(part);
      expect([...tracker.current()]).toEqual(expected);
    }
  }
});

test('a reset of the terminal ends them all, and that of its state what a program left', () => {
  const tracker = trackModes(0);
  tracker.push(Buffer.from('\x1b[?1049h\x1b[?25l\x1b[!p'));
  expect([...tracker.current()]).toEqual([[1049, true]]);
  expect(isAlternate(tracker.current())).toBe(true);
  tracker.push(Buffer.from('\x1bc'));
  expect(isAlternate(tracker.current())).toBe(false);
});

test('what was switched on at some place in the middle is known, and can be switched on again', () => {
  const tracker = trackModes(1000);
  tracker.push(Buffer.from('\x1b[?1049h\x1b[?25l'));
  tracker.push(Buffer.alloc(100_000, 'x'));
  tracker.push(Buffer.from('\x1b[?1049l'));
  tracker.push(Buffer.alloc(100_000, 'x'));
  const middle = tracker.from(2000);
  expect(middle.offset).toBe(101_014);
  expect(writeModes(middle.modes)).toBe('\x1b[?1049h\x1b[?25l');
  expect(writeModes(tracker.current())).toBe('\x1b[?25l');
});
