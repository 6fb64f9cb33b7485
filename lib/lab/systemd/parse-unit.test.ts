import { expect, test } from 'vitest';
import { parseUnit } from './parse-unit.ts';

function values(text: string) {
  return parseUnit(text).assignments.map(({ section, key, value }) => `${section}.${key}=${value}`);
}

test('assignments keep their order, section and line', () => {
  expect(parseUnit('[Unit]\nDescription = Hello  \n\n[Service]\nExecStart=/bin/a\nExecStart=\n')).toEqual({
    assignments: [
      { section: 'Unit', key: 'Description', value: 'Hello', line: 2 },
      { section: 'Service', key: 'ExecStart', value: '/bin/a', line: 5 },
      { section: 'Service', key: 'ExecStart', value: '', line: 6 },
    ],
    problems: [],
  });
});

test.each([
  ['a line that starts with # or ; after blanks is a comment', '[Unit]\n  # a=1\n\t;b=2\nc=3', ['Unit.c=3']],
  ['a # later in a line is text', '[Unit]\na=1 # 2', ['Unit.a=1 # 2']],
  ['backslash and newline become one space', '[Unit]\na=1\\\n2', ['Unit.a=1 2']],
  ['a comment inside a continued line is skipped', '[Unit]\na=1 \\\n# no\n ; no\n 2', ['Unit.a=1   2']],
  ['a continued last line counts', '[Unit]\na=1 \\', ['Unit.a=1']],
  ['two backslashes at the end are not a continuation', '[Unit]\na=1\\\\\nb=2', ['Unit.a=1\\\\', 'Unit.b=2']],
  ['lines may end with CR LF', '[Unit]\r\na=1\\\r\n2\r\n', ['Unit.a=1 2']],
  ['a byte-order mark is skipped', '\uFEFF[Unit]\na=1', ['Unit.a=1']],
  ['the value may hold equals signs', '[Unit]\na=b=c', ['Unit.a=b=c']],
  ['sections for other programs are skipped', '[X-Fleet]\nConflicts=x\n[Unit]\na=1', ['Unit.a=1']],
  ['names that objects have are ordinary names', '[Unit]\n__proto__=1\nconstructor=2', ['Unit.__proto__=1', 'Unit.constructor=2']],
])('%s', (_title, text, expected) => {
  expect(values(text)).toEqual(expected);
  expect(parseUnit(text).problems).toEqual([]);
});

test.each([
  ['a=1\n[Unit]', 1, 'warning', 'Assignment outside of section. Ignoring.'],
  ['[Unit]\nhello', 2, 'warning', "Missing '=', ignoring line."],
  ['[Unit]\n=x', 2, 'warning', "Missing key name before '=', ignoring line."],
  ['[Bogus]\na=1', 1, 'warning', "Unknown section 'Bogus'. Ignoring."],
  ['[Unit]\na=1 \\\n  2\n[Serv', 4, 'error', "Invalid section header '[Serv'"],
] as const)('%j is reported at line %i as %s', (text, line, severity, message) => {
  expect(parseUnit(text).problems).toEqual([{ severity, line, message }]);
});

test('an oversized unit file is refused without being read', () => {
  const unit = parseUnit(`[Unit]\n${'#'.repeat(1024 * 1024)}`);
  expect(unit).toEqual({ assignments: [], problems: [{ severity: 'error', line: null, message: expect.stringContaining('1 MiB') }] });
});

test('a megabyte of continued lines is read in linear time', () => {
  const began = performance.now();
  parseUnit(`[Unit]\na=${'\\\n'.repeat(500_000)}`);
  expect(performance.now() - began).toBeLessThan(2000);
});
