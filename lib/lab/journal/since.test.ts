import { expect, test } from 'vitest';
import { parseSince } from './since.ts';

const now = Date.UTC(2014, 9, 24, 13, 11, 5);

test.each([
  ['now', now],
  ['today', Date.UTC(2014, 9, 24)],
  ['yesterday', Date.UTC(2014, 9, 23)],
  ['2014-10-24 13:00:00', Date.UTC(2014, 9, 24, 13)],
  ['2014-10-24 13:00', Date.UTC(2014, 9, 24, 13)],
  ['2014-10-23', Date.UTC(2014, 9, 23)],
  ['13:10', Date.UTC(2014, 9, 24, 13, 10)],
  ['-1h', now - 3_600_000],
  ['-5min', now - 300_000],
  ['2 hours ago', now - 7_200_000],
  ['@1414155600', 1_414_155_600_000],
  ['', null],
  ['last week', null],
  ['2014-13-45', null],
  ['25:61', null],
])('%s', (text, expected) => {
  expect(parseSince(text, now)).toBe(expected);
});
