import { expect, test } from 'vitest';
import { service } from './fleet-fixture.ts';
import { matchesGlob } from './glob.ts';
import { problemOfRequirements, readRequirements } from './requirements.ts';
import { problemOfName } from './unit-name.ts';

test.each([
  ['web.service', undefined],
  ['web@1.service', undefined],
  ['a:b-c_d\\x2d.timer', undefined],
  ['', 'unit name cannot be empty'],
  [`${'x'.repeat(250)}.service`, 'unit name exceeds maximum length (256)'],
  ['web', 'unit name must contain "."'],
  ['web.', 'unit name cannot end in "."'],
  ['web.foo', 'invalid unit type: "foo"'],
  ['web@1.mount', 'invalid unit type for template: "mount"'],
  ['we b.service', "invalid character ' ' in unit name"],
  ['../x.service', "invalid character '/' in unit name"],
  ['@1.service', 'unit name cannot start in "@"'],
])('the name %j: %j', (name, problem) => {
  expect(problemOfName(name)).toBe(problem);
});

test.each([
  [['MachineID=x', 'MachineOf=a.service'], 'MachineID cannot be used with Peers'],
  [['MachineID=x', 'Conflicts=a*'], 'MachineID cannot be used with Conflicts'],
  [['MachineID=x', 'Global=1'], 'MachineID cannot be used with Global'],
  [['Global=true', 'MachineOf=a.service'], 'Global cannot be used with Peers'],
  [['Global=true', 'Replaces=a.service'], 'Global cannot be used with Replaces'],
  [['Conflicts=a', 'Replaces=b'], 'Conflicts cannot be used with Replaces'],
  [['MachineOf=a.service', 'Conflicts=a*'], 'unresolvable requirements: peer "a.service" matches conflict "a*"'],
  [['Global=true', 'Conflicts=a*', 'MachineMetadata=a=b'], undefined],
  [['Global=true', 'Global=false', 'MachineOf=a.service'], undefined],
])('%j: %j', (lines, problem) => {
  expect(problemOfRequirements('x.service', service(...lines))).toBe(problem);
});

test('old names of requirements and specifiers are understood', () => {
  const read = readRequirements('web@7.service', service('X-ConditionMachineOf=db@%i.service', 'X-Conflicts=%p@*.service %N.timer'));
  expect(read).toMatchObject({ machineOf: ['db@7.service'], conflicts: ['web@*.service', 'web@7.timer'] });
});

test.each([
  ['foo@*.service', 'foo@12.service', true],
  ['foo@*.service', 'bar.service', false],
  ['*', 'a.service', true],
  ['*', 'a/b', false],
  ['a?c', 'abc', true],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['\\*', '*', true],
  ['\\*', 'x', false],
  ['[a', '[a', false],
  ['*a*b', 'xaxb', true],
  ['a*b*c', 'abbbc', true],
  ['', '', true],
])('the glob %j on %j: %j', (glob, name, result) => {
  expect(matchesGlob(glob, name)).toBe(result);
});

test('a hostile glob costs no time', () => {
  const start = performance.now();
  expect(matchesGlob('*a'.repeat(900), 'a'.repeat(255))).toBe(false);
  expect(performance.now() - start).toBeLessThan(200);
});
