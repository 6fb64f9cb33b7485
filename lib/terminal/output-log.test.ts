import { expect, test } from 'vitest';
import { createOutputLog, findReplayStart } from './output-log.ts';

const mebibyte = 1024 * 1024;
/** Bytes that tell where they belong. */
const numbered = (from: number, length: number) => Buffer.from(Array.from({ length }, (_, index) => (from + index) % 251));

test('bytes are found at their offset, however they were appended', () => {
  const log = createOutputLog();
  for (let length = 1; log.end < 300_000; length = (length * 3 + 1) % 9973) log.append(numbered(log.end, length));
  expect(log.start).toBe(0);
  expect(log.slice(0, log.end)).toEqual(numbered(0, log.end));
  expect(log.slice(65_530, 65_545)).toEqual(numbered(65_530, 15));
});

test('the log keeps the newest 2 MiB and says where it begins', () => {
  const log = createOutputLog();
  while (log.end < 3 * mebibyte + 100) log.append(numbered(log.end, 50_000));
  expect(log.end - log.start).toBeLessThanOrEqual(2 * mebibyte);
  expect(log.end - log.start).toBeGreaterThan(1.9 * mebibyte);
  expect(log.slice(log.start, log.start + 1000)).toEqual(numbered(log.start, 1000));
  expect(log.slice(0, log.start + 10)).toEqual(numbered(log.start, 10));
});

test('a view never crosses a slab, stays valid while the log rolls, and is empty at the end', () => {
  const log = createOutputLog();
  log.append(numbered(0, 100_000));
  const view = log.read(65_000, 100_000);
  expect(view).toEqual(numbered(65_000, 536));
  log.append(Buffer.alloc(5 * mebibyte));
  expect(view).toEqual(numbered(65_000, 536));
  expect(log.read(log.end, 10)).toHaveLength(0);
});

test('reading outside of the log names what it has', () => {
  const log = createOutputLog();
  log.append(Buffer.alloc(3 * mebibyte));
  expect(() => log.read(0, 1)).toThrow(`Byte 0 is not in the log, which has ${log.start} to ${log.end}.`);
  expect(() => log.read(log.end + 1, 1)).toThrow(RangeError);
});

test('a replay begins at the start of a line', () => {
  const log = createOutputLog();
  expect(findReplayStart(log, 100)).toBe(0);
  log.append(Buffer.from('first line\nsecond line\nthird'));
  expect(findReplayStart(log, 1000)).toBe(0);
  expect(log.slice(findReplayStart(log, 10), log.end).toString()).toBe('third');
  expect(log.slice(findReplayStart(log, 20), log.end).toString()).toBe('second line\nthird');
  expect(findReplayStart(log, 3)).toBe(log.end - 3);
});
