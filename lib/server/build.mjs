// Bundles every program that is not a page: the server, its child processes and the lab's command-line tools.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Long-running programs; they load their packages from node_modules. */
const programs = {
  server: 'lib/server/main.ts',
  'pty-host': 'lib/terminal/pty-host/main.ts',
  lab: 'lib/lab/main.ts',
  shell: 'lib/server/shell.ts',
  tutorial: 'lib/server/tutorial.ts',
  bench: 'lib/bench/main.ts',
};

/** Started once per command that somebody types, so one file each: loading packages would cost more than running. */
const tools = {
  vagrant: 'lib/lab/cli/vagrant.ts',
  fleetctl: 'lib/lab/cli/fleetctl.ts',
  etcdctl: 'lib/lab/cli/etcdctl.ts',
  docker: 'lib/lab/cli/docker.ts',
  systemctl: 'lib/lab/cli/systemctl.ts',
  journalctl: 'lib/lab/cli/journalctl.ts',
  'container-init': 'lib/lab/docker/container-init.ts',
  'sandbox-listener': 'lib/lab/sandbox/listener.ts',
};

/**
 * @param {string} root the project's directory
 * @param {string} directory where the bundles go
 */
export async function bundlePrograms(root, directory = join(root, '.build')) {
  const common = { absWorkingDir: root, bundle: true, platform: 'node', target: 'node20.19', sourcemap: true, logLevel: 'warning' };
  mkdirSync(directory, { recursive: true });
  // The endings say which module system a bundle uses, whatever the nearest package.json says.
  const esm = { ...common, format: 'esm', outExtension: { '.js': '.mjs' }, packages: 'external' };
  const cjs = { ...common, format: 'cjs', outExtension: { '.js': '.cjs' }, external: ['*.node', 'cpu-features'], minifySyntax: true };
  await Promise.all([
    ...Object.entries(programs).map(([name, path]) => build({ ...esm, entryPoints: { [name]: path }, outdir: directory })),
    ...Object.entries(tools).map(([name, path]) => build({ ...cjs, entryPoints: { [name]: path }, outdir: directory })),
  ]);
}
