import { expect, test } from 'vitest';
import { parseEnvironmentFile } from './environment-file.ts';

test.each([
  ['A=1\nB=two words\n', { A: '1', B: 'two words' }],
  ['# no\n; no\n\n  A = 1  \n', { A: '1' }],
  ['A="quoted # text"\nB=\'single $x\'\n', { A: 'quoted # text', B: 'single $x' }],
  ['A="with \\" and \\n"\n', { A: 'with " and \\n' }],
  ['A=one\\\ntwo', { A: 'onetwo' }],
  ['A="over\nlines"\nB=1', { A: 'over\nlines', B: '1' }],
  ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
  ['A=\nB="  "', { A: '', B: '  ' }],
  ['A=1\nA=2', { A: '2' }],
  ['A=b=c', { A: 'b=c' }],
])('%j', (text, expected) => {
  expect({ ...parseEnvironmentFile(text).variables }).toEqual(expected);
});

test('a shell’s export is no assignment', () => {
  expect(parseEnvironmentFile('export X=1\nnonsense\n1X=2\nY=3')).toEqual({
    variables: { Y: '3' },
    ignored: ['export X=1', 'nonsense', '1X=2'],
  });
});
