import { expect, test } from 'vitest';
import { formatTimeSpan, parseTimeSpan } from './time-span.ts';

test.each([
  ['0', 0],
  ['90', 90_000],
  ['1.5', 1500],
  ['100ms', 100],
  ['1min 30s', 90_000],
  ['1min30', 90_000],
  ['2 hours', 7_200_000],
  ['infinity', Number.POSITIVE_INFINITY],
  ['', null],
  ['abc', null],
  ['5 parsecs', null],
  ['-1', null],
  [`${'1'.repeat(90)}!`, null],
])('%s is %s ms', (text, expected) => {
  expect(parseTimeSpan(text)).toBe(expected);
});

test.each([
  [0, '0'],
  [100, '100ms'],
  [90_000, '1min 30s'],
  [Number.POSITIVE_INFINITY, 'infinity'],
])('%s ms is printed as %s', (milliseconds, expected) => {
  expect(formatTimeSpan(milliseconds)).toBe(expected);
});
