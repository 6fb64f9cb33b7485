import { expect, test } from 'vitest';
import { parseArguments } from './arguments.ts';

const specs = [{ spellings: ['force', 'f'] }, { spellings: ['command', 'c'], value: true }, { spellings: ['provision'] }];
const parse = (...args: string[]) => parseArguments(args, specs, 'Usage: vagrant test');

test('options stand anywhere, in every spelling, and take their value from = or the next word', () => {
  expect(parse('core-01', '-f', '--command=a=b', 'core-02')).toEqual({
    options: new Map<string, string | boolean>([
      ['force', true],
      ['command', 'a=b'],
    ]),
    names: ['core-01', 'core-02'],
    rest: [],
  });
  expect(parse('-c', '-l x').options.get('command')).toBe('-l x');
  expect(parse('--no-provision').options.get('provision')).toBe(false);
});

test('what stands behind -- belongs to somebody else', () => {
  expect(parse('core-01', '--', '-f', 'ls')).toMatchObject({ names: ['core-01'], rest: ['-f', 'ls'], options: new Map() });
});

test('an unknown option and a missing value are refused with the usage', () => {
  expect(() => parse('--nope')).toThrow('An invalid option was specified.');
  expect(() => parse('--nope')).toThrow('Usage: vagrant test');
  expect(() => parse('-c')).toThrow('The option -c needs a value.');
});
