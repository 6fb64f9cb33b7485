import { expect, test } from 'vitest';
import { isReport } from './report.ts';

test.each([
  ['device attributes', '\x1b[?1;2c'],
  ['secondary device attributes', '\x1b[>0;276;0c'],
  ['status', '\x1b[0n'],
  ['cursor position', '\x1b[12;40R'],
  ['a private cursor position', '\x1b[?12;40R'],
  ['a mode', '\x1b[?2004;1$y'],
  ['a colour', '\x1b]11;rgb:1c1c/1f1f/2626\x1b\\'],
  ['a setting', '\x1bP1$r0m\x1b\\'],
  ['focus', '\x1b[I'],
])('%s is an answer of the emulator', (_name, data) => {
  expect(isReport(data)).toBe(true);
});

test.each([
  ['text', 'ls -la'],
  ['Escape', '\x1b'],
  ['an arrow key', '\x1b[A'],
  ['a function key', '\x1b[15~'],
  ['a bracketed paste', '\x1b[200~c\x1b[201~'],
  ['Alt and a letter', '\x1bc'],
  ['a mouse click', '\x1b[<0;10;5M'],
])('%s is typed', (_name, data) => {
  expect(isReport(data)).toBe(false);
});
