import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findProgram, missingTools } from './tools.ts';

test('a missing tool is named with what it is for and how to get it', () => {
  const missing = missingTools('/nowhere');
  expect(missing.map(({ program }) => program)).toEqual(['bash', 'git', 'ssh', 'ssh-agent', 'ssh-add', 'curl']);
  expect(missing[0]?.advice).toBe(
    'bash is missing, and the terminals will not work without it: install it (on Debian or Ubuntu: apt-get install bash) and start again.',
  );
});

test('a program is found only where it is executable', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tools-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'git'), '', { mode: 0o644 });
  expect(findProgram('git', `/nowhere:${directory}`)).toBeUndefined();
  chmodSync(join(directory, 'git'), 0o755);
  expect(findProgram('git', `/nowhere:${directory}`)).toBe(join(directory, 'git'));
});
