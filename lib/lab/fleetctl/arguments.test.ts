import { expect, test } from 'vitest';
import { readArguments } from './arguments.ts';

const read = (line: string, environment = {}) => readArguments(line.split(' ').filter(Boolean), environment);

test.each([
  '--tunnel 127.0.0.1:2222 journal -follow=true path/x.service',
  '--tunnel=127.0.0.1:2222 journal --follow path/x.service',
  '-tunnel 127.0.0.1:2222 journal path/x.service -f',
  'journal --follow=1 path/x.service --tunnel 127.0.0.1:2222',
  '--follow --tunnel 127.0.0.1:2222 journal -- path/x.service',
])('the spelling %s', (line) => {
  const flags = read(line);
  expect(flags).toMatchObject({ command: 'journal', words: ['path/x.service'] });
  expect(flags.text('tunnel')).toBe('127.0.0.1:2222');
  expect(flags.has('follow')).toBe(true);
  expect(flags.number('lines')).toBe(10);
});

test('a boolean takes its value only after =', () => {
  expect(read('journal --follow false').words).toEqual(['false']);
  expect(read('journal --follow=false x').has('follow')).toBe(false);
  expect(read('--strict-host-key-checking=false list-machines').has('strict-host-key-checking')).toBe(false);
  expect(read('list-machines').has('strict-host-key-checking')).toBe(true);
});

test('the environment gives what the command line does not', () => {
  const environment = { FLEETCTL_TUNNEL: 'a', FLEETCTL_SSH_TIMEOUT: '2.5', FLEETCTL_STRICT_HOST_KEY_CHECKING: 'false' };
  expect(read('list-units', environment).text('tunnel')).toBe('a');
  expect(read('list-units', environment).number('ssh-timeout')).toBe(2.5);
  expect(read('list-units', environment).has('strict-host-key-checking')).toBe(false);
  expect(read('--tunnel b list-units', environment).text('tunnel')).toBe('b');
});

test('everything after the name belongs to the command that ssh runs', () => {
  expect(read('ssh -A reflector uname -a').words).toEqual(['reflector', 'uname', '-a']);
  expect(read('ssh reflector -- ls -l -- x').words).toEqual(['reflector', 'ls', '-l', '--', 'x']);
  const flags = read('ssh --unit reflector uname --all');
  expect(flags.words).toEqual(['uname', '--all']);
  expect(flags.text('unit')).toBe('reflector');
  expect(read('ssh --machine 4c38 -- ls -l').words).toEqual(['ls', '-l']);
});

test.each([
  ['start --nosuch x', 'unknown flag: --nosuch'],
  ['start -follow=true x', "unknown shorthand flag: 'f' in -follow=true"],
  ['--follow start x', 'unknown flag: --follow'],
  ['journal --lines x y', 'invalid argument "x" for --lines: strconv.ParseInt: parsing "x": invalid syntax'],
  ['journal --follow=x y', 'invalid argument "x" for --follow: strconv.ParseBool: parsing "x": invalid syntax'],
  ['list-units --tunnel', 'flag needs an argument: --tunnel'],
])('%s: %s', (line, message) => {
  expect(() => read(line)).toThrow(message);
});
