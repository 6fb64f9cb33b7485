import { expect, test } from 'vitest';
import { parseInfoString } from './info-string.ts';

test('words and attributes are told apart', () => {
  expect(parseInfoString('sh run id=clone title="Clone the repository" timeout=5m')).toEqual({
    words: ['sh', 'run'],
    attributes: new Map([
      ['id', 'clone'],
      ['title', 'Clone the repository'],
      ['timeout', '5m'],
    ]),
  });
});

test('quotes and backslashes are escaped inside quotes, and other backslashes stay', () => {
  const info = parseInfoString(String.raw`sh run undo="sed \"s/\\1/x/\" \. a=b"`);
  expect(info).toMatchObject({ attributes: new Map([['undo', String.raw`sed "s/\1/x/" \. a=b`]]) });
});

test('an equals sign inside a plain value belongs to the value', () => {
  expect(parseInfoString('sh run undo=A=1')).toMatchObject({ attributes: new Map([['undo', 'A=1']]) });
});

test.each([
  ['title="never closed', '"title="never closed" cannot be read. Write attributes as name=value, or name="a value with spaces".'],
  ['sh title="one"two', '"title="one"two" cannot be read. Write attributes as name=value, or name="a value with spaces".'],
  ['sh =x', '"=x" cannot be read. Write attributes as name=value, or name="a value with spaces".'],
  ['id=a id=b', 'the attribute "id" stands there twice. Remove one of them.'],
])('%s is refused with a sentence', (text, sentence) => {
  expect(parseInfoString(text)).toBe(sentence);
});

test('a long hostile line is read in linear time', () => {
  const started = performance.now();
  for (const shape of ['a="', 'a=', '"', '\\', 'a="\\']) parseInfoString(shape.repeat(50_000));
  expect(performance.now() - started).toBeLessThan(2000);
});
