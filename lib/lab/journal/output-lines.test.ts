import { expect, test } from 'vitest';
import { floodGate, outputLines } from './output-lines.ts';

function linesOf(...chunks: (string | Buffer)[]) {
  const lines: [string, number][] = [];
  const output = outputLines((message, priority) => lines.push([message, priority]) > 0);
  for (const chunk of chunks) output.push(Buffer.from(chunk as string));
  output.end();
  return lines;
}

test('lines are put together from chunks, and the last one needs no end', () => {
  expect(linesOf('on', 'e\ntw', 'o')).toEqual([
    ['one', 6],
    ['two', 6],
  ]);
});

test('a character that is cut in two by a chunk stays whole', () => {
  const bytes = Buffer.from('é\n');
  expect(linesOf(bytes.subarray(0, 1), bytes.subarray(1))).toEqual([['é', 6]]);
});

test('blank lines and trailing blanks are left out, indentation stays', () => {
  expect(linesOf('\n  \n  a\r\n')).toEqual([['  a', 6]]);
});

test('a syslog prefix sets the priority', () => {
  expect(linesOf('<3>bad\n<9>text\n')).toEqual([
    ['bad', 3],
    ['<9>text', 6],
  ]);
});

test('a line without an end does not fill the memory', () => {
  const lines = linesOf(...Array.from({ length: 100 }, () => 'x'.repeat(10_000)));
  expect(lines.map(([message]) => message.length).reduce((sum, length) => sum + length)).toBe(1_000_000);
  expect(Math.max(...lines.map(([message]) => message.length))).toBe(48 * 1024);
});

test('a flood is cut off until the interval is over, and then counted', () => {
  let time = 0;
  const gate = floodGate(() => time);
  const answers = Array.from({ length: 10_005 }, () => gate.admit());
  expect(answers.filter((answer) => answer === 0)).toHaveLength(10_000);
  expect(answers.slice(10_000)).toEqual([null, null, null, null, null]);
  time = 29_999;
  expect(gate.admit()).toBeNull();
  time = 30_000;
  expect(gate.admit()).toBe(6);
  expect(gate.admit()).toBe(0);
});

test('push tells when lines are no longer taken', () => {
  let room = 2;
  const output = outputLines(() => room-- > 0);
  expect(output.push(Buffer.from('a\nb\n'))).toBe(true);
  expect(output.push(Buffer.from('c\n'))).toBe(false);
});
