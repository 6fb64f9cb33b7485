import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { changedExports } from './exported-variables.ts';

function bash(script: string): string {
  const env = { KEPT: 'as it was', GONE: 'soon', CHANGED: 'old' } as unknown as NodeJS.ProcessEnv;
  return execFileSync('/bin/bash', ['--norc', '-c', script], { env, encoding: 'utf8' });
}

test('what was exported, changed and unset is done again, whatever the values hold', () => {
  const values = ['plain', 'two words', 'a\nb\ndeclare -x EVIL="1"\n', `'"\\$(touch /tmp/x)\`!`, 'tab\there', 'bell\x07', 'ü…', ''];
  const quoted = values.map((value, index) => `export V${index}='${value.replaceAll("'", "'\\''")}'`).join('; ');
  const before = bash('export -p');
  const after = bash(`${quoted}; unset GONE; CHANGED=new; declare -a list=(1 2); export list; export -p`);
  const changes = changedExports(before, after);
  expect(changes).not.toContain('KEPT');
  const names = [...values.map((_, index) => `V${index}`), 'GONE', 'CHANGED', 'EVIL'];
  const show = names.map((name) => `printf '%s\\0' "\${${name}-unset}"`).join('; ');
  expect(bash(`${changes}${show}`).split('\0').slice(0, -1)).toEqual([...values, 'unset', 'new', 'unset']);
});

test("the shell's own bookkeeping is left to the next one", () => {
  expect(changedExports('declare -x PWD="/a"\ndeclare -x SHLVL="1"\n', 'declare -x OLDPWD="/a"\ndeclare -x PWD="/b"\n')).toBe('');
});

test('text that is no declaration is passed over', () => {
  expect(changedExports('', 'nonsense "\ndeclare -x GOOD="1"\ndeclare -x TORN="abc')).toBe('declare -x GOOD="1"\n');
});
