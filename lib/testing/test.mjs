// `npm test`: installs what tests need, builds, then runs unit, integration and browser tests. Words go to vitest (`npm test -- lib/lab`).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
process.chdir(root);

if (!existsSync(join(root, 'node_modules', 'vitest'))) {
  console.log('Installing packages, those for tests and a browser included (about a minute) …');
  run('npm', ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
}
const { prepare } = await import('../server/launch.mjs');
await prepare();
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
run(process.execPath, [vitest, 'run', '--config', 'lib/testing/vitest.config.ts', ...process.argv.slice(2)]);

function run(file, words) {
  const { status, error } = spawnSync(file, words, { stdio: 'inherit' });
  if (error) console.error(`${file} could not be started (${error.code}): is it on the PATH?`);
  if (status !== 0) process.exit(status ?? 1);
}
