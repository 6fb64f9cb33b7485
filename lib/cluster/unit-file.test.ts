import { expect, test } from 'vitest';
import { unitOf2014 } from '#lib/testing/unit-of-2014.ts';
import { contradiction, isGlobal, parseUnitFile, templateOf, unitHash, unitNameOf, unitText, unknownRequirements } from './unit-file.ts';

/** With a comment, empty lines and no end of line at the end, none of which counts. */
const reflector = unitOf2014.replace('[Service]\n', '[Service]\n# a comment\n\n').replace('\n[Install]', '\n\n[Install]').trimEnd();

test("the walkthrough's unit has fleet's own hash and canonical text", () => {
  const options = parseUnitFile(reflector);
  expect(unitHash(options)).toBe('dc9674096ebc071c34f1b31864ada4a2cf3d4391');
  expect(unitText(options)).toHaveLength(557);
  expect(unitText(parseUnitFile(unitText(options)))).toBe(unitText(options));
});

test('what is kept and what is dropped', () => {
  const text =
    'ignored=1\n  [Unit]  \n ; note\n\tDescription =  two words  \nEmpty=\n[Service]\nExecStart=/bin/a \\\n  b \\\n  c\n[Unit]\nAfter=x\n';
  expect(parseUnitFile(text)).toEqual([
    { section: 'Unit', name: 'Description', value: 'two words' },
    { section: 'Unit', name: 'Empty', value: '' },
    { section: 'Service', name: 'ExecStart', value: '/bin/a \\\n  b \\\n  c' },
    { section: 'Unit', name: 'After', value: 'x' },
  ]);
  expect(unitText(parseUnitFile(text))).toBe(
    '[Unit]\nDescription=two words\nEmpty=\nAfter=x\n\n[Service]\nExecStart=/bin/a \\\n  b \\\n  c\n',
  );
  expect(parseUnitFile('no section=at all\n')).toEqual([]);
});

test('a line that is no option and a line that is too long are errors', () => {
  expect(() => parseUnitFile('[Unit]\nnonsense\n')).toThrow('unexpected newline encountered while parsing option name');
  expect(() => parseUnitFile('[Unit\nAfter=x\n')).toThrow('unable to find end of section');
  expect(() => parseUnitFile('[Unit] x\n')).toThrow('found garbage after section name Unit: "x"');
  expect(() => parseUnitFile(`[Unit]\nDescription=${'x'.repeat(2048)}\n`)).toThrow('line too long (max 2048 bytes)');
});

test.each([
  ['reflector', 'reflector.service'],
  ['/path/to/reflector.service', 'reflector.service'],
  ['my.app', 'my.app.service'],
  ['foo.timer', 'foo.timer'],
  ['web@1', 'web@1.service'],
])('%s names the unit %s', (argument, name) => {
  expect(unitNameOf(argument)).toBe(name);
});

test('an instance has a template; a template and a plain unit have none', () => {
  expect(templateOf('web@1.service')).toBe('web@.service');
  expect(templateOf('web@a.b@c.service')).toBe('web@.service');
  expect(templateOf('web@.service')).toBeNull();
  expect(templateOf('web.service')).toBeNull();
});

test('the last Global counts, in any of the spellings of truth', () => {
  expect(isGlobal(parseUnitFile('[X-Fleet]\nGlobal=no\nGlobal=Yes\n'))).toBe(true);
  expect(isGlobal(parseUnitFile('[X-Fleet]\nGlobal=true\nGlobal=false\n'))).toBe(false);
  expect(isGlobal(parseUnitFile('[Service]\nGlobal=true\n'))).toBe(false);
});

test('requirements that fleet does not know, and those that exclude each other, are told', () => {
  expect(unknownRequirements(parseUnitFile('[X-Fleet]\nBogus=1\nMachineID=x\nX-Conflicts=y\n'))).toEqual(['Bogus']);
  const check = (text: string) => contradiction(parseUnitFile(`[X-Fleet]\n${text}`));
  expect(check('MachineID=a\nConflicts=b')).toBe('MachineID cannot be used with Conflicts');
  expect(check('Global=true\nMachineOf=b.service')).toBe('Global cannot be used with Peers');
  expect(check('Conflicts=a\nReplaces=b')).toBe('Conflicts cannot be used with Replaces');
  expect(check('Global=true\nMachineMetadata=a=b\nConflicts=x')).toBeNull();
});
