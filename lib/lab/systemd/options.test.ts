import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

const names = { '-u': 'unit', '--unit': 'unit', '-f': 'follow', '--follow': 'follow', '-n': 'lines', '--lines': 'lines' };
const kinds = { unit: 'value', lines: { optional: /^\d+$/ } } as const;

function read(...argv: string[]) {
  const { given, words } = readOptions(argv, names, kinds);
  return [Object.fromEntries(given), words];
}

test.each([
  [['--unit', 'a', '-n', '10', '-f'], { unit: 'a', lines: '10', follow: '' }, []],
  [['--unit=a', '-n10'], { unit: 'a', lines: '10' }, []],
  [['-fu', 'a', 'word'], { follow: '', unit: 'a' }, ['word']],
  [['-fn', '-u', 'a'], { follow: '', lines: '', unit: 'a' }, []],
  [['-n', 'word'], { lines: '' }, ['word']],
  [['a', '--', '-u'], {}, ['a', '-u']],
])('%j', (argv, given, words) => {
  expect(read(...argv)).toEqual([given, words]);
});

test.each([
  [['--bogus'], "unrecognized option '--bogus'"],
  [['-x'], "invalid option -- 'x'"],
  [['--unit'], "option '--unit' requires an argument"],
  [['--follow=1'], "option '--follow' doesn't allow an argument"],
])('%j is refused', (argv, message) => {
  expect(() => read(...argv)).toThrow(message);
});
