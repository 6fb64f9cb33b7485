import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ensurePrivateKey } from './private-key.ts';

test('the key is made once, is the learner’s alone, and OpenSSH reads the same public key from it', async () => {
  const home = await mkdtemp(join(tmpdir(), 'vagrant-home-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const key = await ensurePrivateKey(home);
  expect((await stat(key.path)).mode & 0o777).toBe(0o600);
  expect(await readFile(key.path, 'utf8')).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
  expect(execFileSync('ssh-keygen', ['-y', '-f', key.path], { encoding: 'utf8' }).trim()).toBe(key.authorized);

  await chmod(key.path, 0o644);
  expect(await ensurePrivateKey(home)).toEqual(key);
  expect((await stat(key.path)).mode & 0o777).toBe(0o600);
});
