import { expect, test } from 'vitest';
import { compareOutput, visibleLines } from './expectation.ts';

const compare = (sample: string, output: string, continues = false) => compareOutput(sample, Buffer.from(output), continues);

test.each([
  ['the same lines, with the line ends of a terminal', 'one\ntwo', 'one\r\ntwo\r\n'],
  ['trailing blanks and blank lines', 'one  \n\ntwo', 'one\r\n\r\n\r\ntwo   \r\n\r\n'],
  ['columns by TAB or by blanks', 'UNIT\t\tMACHINE\nweb\tab12', 'UNIT     MACHINE\r\nweb\t\t\tab12\r\n'],
  ['colours', 'ready', '\x1b[1;32mready\x1b[0m\r\n'],
  ['a placeholder within a line', 'version …, built …', 'version 1.2, built today\r\n'],
  ['a placeholder for nothing', 'a…b', 'ab\r\n'],
  ['a placeholder at both ends', '…middle…', 'the middle of it\r\n'],
  ['a line of any number of lines', 'first\n…\nlast', 'first\r\na\r\nb\r\nlast\r\n'],
  ['a line of no lines', 'first\n…\nlast', 'first\r\nlast\r\n'],
  ['lines before the first one that is shown', '…\nlast', 'x\r\ny\r\nlast\r\n'],
  ['a progress display by its last state', 'got 100%\ndone', 'got 1%\rgot 50%\r\x1b[Kgot 100%\r\ndone\r\n'],
  ['a last line without an end', 'prompt', 'prompt'],
  ['letters of several bytes', 'schön …', 'schön grün\r\n'],
  ['a regular expression for a whole line', '/^Boot took \\d+(\\.\\d)? s$/\nend', 'Boot took 1.2 s\r\nend\r\n'],
  ['a path that only looks like one', '/usr/', '/usr/\r\n'],
  ['nothing', '', '\r\n'],
])('the sample fits: %s', (_name, sample, output) => {
  expect(compare(sample, output)).toEqual({ matched: true, lines: [] });
});

test.each([
  ['another word', 'one', 'two\r\n'],
  ['a line too many', 'one', 'one\r\ntwo\r\n'],
  ['a line too few', 'one\ntwo', 'one\r\n'],
  ['lines in another order', 'one\ntwo', 'two\r\none\r\n'],
  ['a placeholder that would have to overlap', 'ab…bc', 'abc\r\n'],
  ['parts in another order', '…a…b…', 'ba\r\n'],
  ['a regular expression that fits only a part', '/^Boot|took$/', 'Boot took\r\n'],
  ['a regular expression over two lines', '/^a.*b$/', 'a\r\nb\r\n'],
  ['capital letters', 'Ready', 'ready\r\n'],
  ['an indentation', '    one', 'one\r\n'],
  ['nothing where something is expected', 'one', ''],
  ['something where nothing is expected', '', 'one\r\n'],
])('the sample does not fit: %s', (_name, sample, output) => {
  expect(compare(sample, output).matched).toBe(false);
});

test('the diff names what is missing and what is extra, near what is the same', () => {
  const output = 'a\r\nb\r\nc\r\nd\r\nE\r\nf\r\ng\r\nh\r\ni\r\n';
  expect(compare('a\nb\nc\nd\ne\nf\ng\nh\ni', output).lines).toEqual([
    { kind: 'skipped', text: '…' },
    { kind: 'same', text: 'c' },
    { kind: 'same', text: 'd' },
    { kind: 'missing', text: 'e' },
    { kind: 'extra', text: 'E' },
    { kind: 'same', text: 'f' },
    { kind: 'same', text: 'g' },
    { kind: 'skipped', text: '…' },
  ]);
});

test('the fewest differences are found, so one extra line does not upset all that follow', () => {
  const { lines } = compare('one\ntwo\nthree\n…\nfour', 'one\r\nzero\r\ntwo\r\nthree\r\nx\r\nfour\r\n');
  expect(lines.filter(({ kind }) => kind === 'extra' || kind === 'missing')).toEqual([{ kind: 'extra', text: 'zero' }]);
});

test('while the command runs, anything may follow what the sample shows, but nothing of it may be missing', () => {
  expect(compare('ready', 'ready\r\nmore\r\nand mo', true).matched).toBe(true);
  expect(compare('ready', 'read', true).matched).toBe(false);
});

test('a flood of output is no match, has a short diff and takes little time', () => {
  const flood = Buffer.from('abcabcabc\r\n'.repeat(100_000));
  const began = performance.now();
  const { matched, lines } = compareOutput(Array.from({ length: 200 }, () => '…a…b…c…d…').join('\n'), flood);
  expect(matched).toBe(false);
  expect(lines.length).toBeLessThanOrEqual(61);
  expect(performance.now() - began).toBeLessThan(3000);
});

test('what a reader sees has neither control characters nor what was drawn over', () => {
  expect(visibleLines(Buffer.from('\x1b]0;title\x07a\0b\r\n\r\n10%\r20%\r\nx\ty\t\r\n'))).toEqual(['ab', '20%', 'x y']);
});
