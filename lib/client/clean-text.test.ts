import { expect, test } from 'vitest';
import { cleanText } from './clean-text.ts';

test('lines and tabs stay', () => {
  expect(cleanText('a\tb\r\nc\n')).toBe('a\tb\r\nc\n');
});

test('an escape that would end a bracketed paste is taken out', () => {
  expect(cleanText('safe\x1b[201~evil')).toBe('safe[201~evil');
});

test.each([
  ['NUL', '\u0000'],
  ['a C1 control', '\u009b'],
  ['a right-to-left override', '\u202e'],
  ['an isolate', '\u2066'],
  ['a zero-width space', '\u200b'],
  ['a byte order mark', '\ufeff'],
])('%s is taken out', (_name, hidden) => {
  expect(cleanText(`a${hidden}b`)).toBe('ab');
});

test('letters of any script and signs stay', () => {
  expect(cleanText('Grüße, 世界 ✓ “quoted”')).toBe('Grüße, 世界 ✓ “quoted”');
});
