import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkText, failedCheck, readCheck } from './conditions.ts';

function machine() {
  const root = mkdtempSync(join(tmpdir(), 'checks-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'full'));
  mkdirSync(join(root, 'empty'));
  writeFileSync(join(root, 'full/file.txt'), 'x');
  writeFileSync(join(root, 'nothing'), '');
  writeFileSync(join(root, 'program'), '', { mode: 0o755 });
  symlinkSync('nowhere', join(root, 'link'));
  return { hostname: 'core-01', machineId: 'c0de', resolve: (path: string) => join(root, path) };
}

const keep = (word: string) => word;

function failed(...lines: string[]): string | null {
  const checks = lines.map((line) => readCheck(line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1), keep));
  const check = failedCheck(checks, machine());
  return check && checkText(check);
}

test.each([
  'ConditionPathExists=/full/file.txt',
  'ConditionPathExists=!/missing',
  'ConditionPathExists=!/full/file.txt/below',
  'ConditionPathExistsGlob=/full/*.txt',
  'ConditionPathIsDirectory=/full',
  'ConditionPathIsSymbolicLink=/link',
  'ConditionPathIsReadWrite=/full',
  'ConditionDirectoryNotEmpty=/full',
  'ConditionDirectoryNotEmpty=!/empty',
  'ConditionFileNotEmpty=/full/file.txt',
  'ConditionFileNotEmpty=!/nothing',
  'ConditionFileIsExecutable=/program',
  'ConditionFileIsExecutable=!/nothing',
  'ConditionHost=core-*',
  'ConditionHost=c0de',
  'ConditionVirtualization=yes',
  'ConditionVirtualization=!container',
  'ConditionNull=yes',
  'AssertPathExists=/full',
])('%s holds', (line) => {
  expect(failed(line)).toBeNull();
});

test('all must hold, and of those with a bar one', () => {
  expect(failed('ConditionPathExists=/full', 'ConditionPathExists=/missing')).toBe('ConditionPathExists=/missing');
  expect(failed('ConditionPathExists=|/full', 'ConditionPathExists=|/missing')).toBeNull();
  expect(failed('ConditionPathExists=|/missing', 'ConditionHost=|!core-01')).toBe('ConditionPathExists=|/missing');
  expect(failed('ConditionNull=no')).toBe('ConditionNull=no');
  expect(failed()).toBeNull();
});

test.each([
  ['ConditionKernelCommandLine', 'quiet', 'ConditionKernelCommandLine= is not supported in this lab, ignoring: quiet'],
  ['ConditionPathExists', 'etc', 'Path in condition not absolute, ignoring: etc'],
])('%s=%s is skipped with a reason', (directive, value, message) => {
  expect(() => readCheck(directive, value, keep)).toThrow(message);
});
