import { expect, test } from 'vitest';
import { createTextWatcher, createVisibleText } from './output-text.ts';

const coloured = Buffer.from('\x1b]0;title\x07Are you \x1b[1;31msure\x1b[0m you want\r\n to \x1b(Bgo\x1b]8;;http://x\x1b\\ on?\x1b[K ');

test('escape sequences and carriage returns are taken out wherever the output is cut', () => {
  for (let at = 0; at <= coloured.length; at++) {
    const visible = createVisibleText();
    const text = Buffer.concat([visible.push(coloured.subarray(0, at)), visible.push(coloured.subarray(at))]);
    expect(text.toString()).toBe('Are you sure you want\n to go on? ');
  }
});

test('a text is found once, wherever the output is cut', () => {
  for (let at = 0; at <= coloured.length; at++) {
    const watcher = createTextWatcher('sure you');
    expect([watcher.push(coloured.subarray(0, at)), watcher.push(coloured.subarray(at))].filter(Boolean)).toHaveLength(1);
  }
});

test('a text byte by byte is found at its last byte, and again when it comes again', () => {
  const watcher = createTextWatcher('aab');
  const found = [...'aaab..aab'].map((character) => watcher.push(Buffer.from(character)));
  expect(found.map((hit, index) => (hit ? index : -1)).filter((index) => index >= 0)).toEqual([3, 8]);
});

test('characters of several bytes are found when they are cut', () => {
  const bytes = Buffer.from('schön grün');
  for (let at = 0; at <= bytes.length; at++) {
    const watcher = createTextWatcher('ön grü');
    expect([watcher.push(bytes.subarray(0, at)), watcher.push(bytes.subarray(at))].filter(Boolean)).toHaveLength(1);
  }
});
