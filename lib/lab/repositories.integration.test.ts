import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { buildRepositories, repositoryEnvironment } from './repositories.ts';

const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

test('both addresses of the walkthrough and this project’s own can be cloned without a network', async () => {
  const { directory, clone } = await repositories();
  await buildRepositories(projectRoot, directory);

  clone('https://github.com/coreos/coreos-vagrant.git', 'vagrant');
  clone('https://github.com/pandastrike/coreos-reflector.git', 'reflector');
  const own = clone('https://github.com/coreos-reflector/coreos-reflector', 'own');

  expect((await readdir(join(directory, 'vagrant'))).sort()).toEqual([
    '.git',
    'README.md',
    'Vagrantfile',
    'config.rb.sample',
    'user-data.sample',
  ]);
  expect((await readdir(join(own, 'coreos'))).sort()).toEqual(['config.rb', 'user-data', 'vagrant-setup']);
  expect(await readdir(own)).toEqual(expect.arrayContaining(['reflector.service', 'reflector@.service']));
  expect((await stat(join(own, 'coreos/vagrant-setup'))).mode & 0o111).toBe(0o111);
  expect(await readFile(join(own, 'coreos/user-data'), 'utf8')).toContain('discovery: https://discovery.etcd.io/<token>');
});

test('two computers get the same commit, and a second build leaves an up-to-date repository alone', async () => {
  const first = await repositories();
  const second = await repositories();
  await buildRepositories(projectRoot, first.directory);
  await buildRepositories(projectRoot, second.directory);
  const head = (directory: string) =>
    execFileSync('git', ['--git-dir', join(directory, 'coreos/coreos-vagrant.git'), 'rev-parse', 'HEAD'], { encoding: 'utf8' });
  expect(head(first.directory)).toBe(head(second.directory));

  const stamp = join(first.directory, 'coreos/coreos-vagrant.git/content-digest');
  await utimes(stamp, 1, 1);
  await buildRepositories(projectRoot, first.directory);
  expect((await stat(stamp)).mtimeMs).toBe(1000);
});

async function repositories() {
  const directory = await mkdtemp(join(tmpdir(), 'a place with spaces-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: directory,
    GIT_TERMINAL_PROMPT: '0',
    ...repositoryEnvironment(directory),
  };
  const clone = (url: string, name: string) => {
    execFileSync('git', ['clone', '--quiet', url, name], { cwd: directory, env: env as NodeJS.ProcessEnv });
    return join(directory, name);
  };
  return { directory, clone };
}
