import { expect, test } from 'vitest';
import { readPaste } from './paste.ts';

const bash = { bracketed: true, atPrompt: true };

test('one line is pasted without a question; what nobody sees in it is left out', () => {
  expect(readPaste('ls\u202e -la\x1b[201~', bash)).toEqual({ text: 'ls -la[201~', promptsTaken: false, ask: null });
  expect(readPaste('ls\n', bash).ask).toBeNull();
});

test('several lines are asked about, with bracketed paste because they wait, without it because each would run', () => {
  expect(readPaste('cd /tmp\nls', bash).ask).toBe('waits');
  expect(readPaste('cd /tmp\r\nls', { bracketed: false, atPrompt: true }).ask).toBe('runs');
});

test('where a paste is like typing, even one line with its end would run, and is asked about', () => {
  expect(readPaste('rm -r build\n', { bracketed: false, atPrompt: true }).ask).toBe('runs');
  expect(readPaste('rm -r build', { bracketed: false, atPrompt: true }).ask).toBeNull();
});

test('a copied prompt sign in front of every line is left out at the prompt', () => {
  expect(readPaste('$ vagrant up', bash)).toEqual({ text: 'vagrant up', promptsTaken: true, ask: null });
  expect(readPaste('$ cd /tmp\n\n  $ ls\n', bash)).toMatchObject({ text: 'cd /tmp\n\nls\n', promptsTaken: true });
});

test('a dollar sign that may be meant stays: in a variable, on some lines only, in a program', () => {
  for (const text of ['$HOME/bin/x', 'echo $ 5', '$ ls\nfile', '$', '$ ']) expect(readPaste(text, bash)).toMatchObject({ text });
  expect(readPaste('$ 5', { bracketed: true, atPrompt: false }).text).toBe('$ 5');
});
