import { expect, test } from 'vitest';
import { parseDuration } from './duration.ts';

test.each([
  ['30s', 30],
  ['5m', 300],
  ['1h', 3600],
  ['never', null],
  ['0s', undefined],
  ['5', undefined],
  ['5 m', undefined],
  ['-5m', undefined],
  ['1.5m', undefined],
  ['25h', undefined],
  ['soon', undefined],
  ['', undefined],
])('"%s" is %s seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});
