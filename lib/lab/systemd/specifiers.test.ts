import { expect, test } from 'vitest';
import { expandSpecifiers, parseUnitName } from './specifiers.ts';

const facts = {
  hostname: 'core-01',
  machineId: '4c389e87000000000000000000000000',
  bootId: 'b007000000000000000000000000000b',
  kernel: '3.16.2+',
  user: 'root',
  home: '/root',
};

test.each([
  ['t1@inst.service', '%n', 't1@inst.service'],
  ['t1@inst.service', '%N', 't1@inst'],
  ['t1@inst.service', '%p', 't1'],
  ['t1@inst.service', '%i', 'inst'],
  ['t1@a-b\\x2dc.service', '%i', 'a-b\\x2dc'],
  ['t1@a-b\\x2dc.service', '%I', 'a/b-c'],
  ['t1@a-b.service', '%f', '/a/b'],
  ['t1.service', '%i', ''],
  ['t1.service', '%p-%H', 't1-core-01'],
  ['t1.service', '%m %b', `${facts.machineId} ${facts.bootId}`],
  ['t1.service', '%u %h %v %t', 'root /root 3.16.2+ /run'],
  ['t1.service', '100%% 5%', '100% 5%'],
  ['a@b@c.service', '%p:%i', 'a:b@c'],
])('in %s, %s is %s', (name, written, expected) => {
  expect(expandSpecifiers(written, parseUnitName(name), facts)).toBe(expected);
});

test('an unknown specifier is named', () => {
  expect(() => expandSpecifiers('a%zb', parseUnitName('t.service'), facts)).toThrow(
    'Failed to resolve unit specifiers in a%zb: %z is not known',
  );
});
