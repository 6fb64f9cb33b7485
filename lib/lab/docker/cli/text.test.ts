import { expect, test } from 'vitest';
import { binarySizeText, bytesOf, durationText, sizeText } from '../duration-text.ts';
import { findSocket } from './api-client.ts';
import { parseArguments, requireWords } from './arguments.ts';
import { formatTable, formatTemplate } from './table.ts';

const flags = { detach: { short: 'd' }, interactive: { short: 'i' }, publish: { short: 'p', value: true }, name: { value: true } } as const;

test('flags are read in every way that docker reads them', () => {
  const parsed = parseArguments(
    'run',
    ['-di', '-p', '80:80', '-p=81:81', '-p82:82', '--name=a', '--name', 'b', 'image', '-p', 'x'],
    flags,
    true,
  );
  expect([parsed.has('detach'), parsed.has('interactive')]).toEqual([true, true]);
  expect(parsed.values('publish')).toEqual(['80:80', '81:81', '82:82']);
  expect(parsed.value('name')).toBe('b');
  expect(parsed.words).toEqual(['image', '-p', 'x']);
});

test('flags may follow words where no program has its own', () => {
  const parsed = parseArguments('rm', ['one', '-d', '--', '-two'], flags);
  expect(parsed.words).toEqual(['one', '-two']);
  expect(parsed.has('detach')).toBe(true);
});

test.each([
  [['--privileged'], 'unknown flag: --privileged'],
  [['-x'], 'unknown flag: -x'],
  [['--__proto__'], 'unknown flag: --__proto__'],
  [['-p'], 'flag needs an argument: -p'],
])('%j is an error', (args, message) => {
  expect(() => parseArguments('run', args, flags)).toThrow(message);
});

test('missing and surplus words are counted in the words of Docker', () => {
  expect(() => requireWords('rm', [], 1)).toThrow('"docker rm" requires at least 1 argument.');
  expect(() => requireWords('exec', ['x'], 2)).toThrow('"docker exec" requires at least 2 arguments.');
  expect(() => requireWords('pull', ['a', 'b'], 1, 1)).toThrow('"docker pull" requires exactly 1 argument.');
});

test('columns are ten wide or three more than their longest cell', () => {
  expect(
    formatTable([
      ['ID', 'IMAGE', 'NAMES'],
      ['abc', 'a-longer-name', 'x'],
    ]),
  ).toBe('ID        IMAGE           NAMES\nabc       a-longer-name   x\n');
});

test('templates look fields up and refuse the rest', () => {
  const value = { Name: 'x', State: { Status: 'running' } };
  expect(formatTemplate('{{.Name}}\\t{{ .State.Status }}', value)).toBe('x\trunning');
  expect(formatTemplate('{{json .State}}', value)).toBe('{"Status":"running"}');
  expect(() => formatTemplate('{{.Nothing}}', value)).toThrow('there is no field Nothing');
  expect(() => formatTemplate('{{range .X}}', value)).toThrow('is not understood here');
});

test.each([
  [0, 'Less than a second'],
  [1000, '1 second'],
  [59_000, '59 seconds'],
  [60_000, 'About a minute'],
  [600_000, '10 minutes'],
  [3_600_000, 'About an hour'],
  [47 * 3_600_000, '47 hours'],
  [13 * 86_400_000, '13 days'],
  [21 * 86_400_000, '3 weeks'],
  [90 * 86_400_000, '3 months'],
  [800 * 86_400_000, '2 years'],
])('%d ms is "%s"', (milliseconds, text) => {
  expect(durationText(milliseconds)).toBe(text);
});

test('sizes have decimal units', () => {
  expect([0, 999, 1353, 12_345_678].map(sizeText)).toEqual(['0B', '999B', '1.35kB', '12.3MB']);
});

test('the daemon is the one that DOCKER_HOST names, else the machine’s, and never the computer’s own', () => {
  const environment = { ...process.env, DOCKER_HOST: undefined, COREOS_MACHINE: undefined };
  expect(findSocket({ ...environment, COREOS_MACHINE: '/run/m' })).toBe('/run/m/docker.sock');
  expect(findSocket({ ...environment, COREOS_MACHINE: '/run/m', DOCKER_HOST: 'unix:///other.sock' })).toBe('/other.sock');
  expect(() => findSocket(environment)).toThrow('runs inside of its machines');
});

test.each([
  ['256m', 268_435_456],
  ['1.5GiB', 1_610_612_736],
  ['1000', 1000],
  ['64 kb', 65_536],
  ['7B', 7],
  ['much', null],
  ['-1m', null],
  ['', null],
])('the size %j is %d bytes', (written, bytes) => {
  expect(bytesOf(written)).toBe(bytes);
});

test('memory is told in binary units', () => {
  expect([0, 1023, 1024, 268_435_456, 25_276_000_000].map(binarySizeText)).toEqual(['0B', '1023B', '1KiB', '256MiB', '23.54GiB']);
});
