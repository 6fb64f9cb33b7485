// Bundles every program that is not a page: the server, its child processes and the lab's command-line tools.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Long-running programs; they load their packages from node_modules. */
const programs = {
  server: 'lib/server/main.ts',
  'pty-host': 'lib/terminal/pty-host/main.ts',
  lab: 'lib/lab/main.ts',
  shell: 'lib/server/shell.ts',
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
};

/** @param {string} root the project's directory; the bundles go to its `.build/` */
export async function bundlePrograms(root) {
  const common = { absWorkingDir: root, bundle: true, platform: 'node', target: 'node20.19', sourcemap: true, logLevel: 'warning' };
  const directory = join(root, '.build');
  mkdirSync(directory, { recursive: true });
  // The bundles of both formats say by their ending what they are.
  await Promise.all([
    build({
      ...common,
      entryPoints: present(root, programs),
      outdir: directory,
      format: 'esm',
      outExtension: { '.js': '.mjs' },
      packages: 'external',
    }),
    build({
      ...common,
      entryPoints: present(root, tools),
      outdir: directory,
      format: 'cjs',
      outExtension: { '.js': '.cjs' },
      external: ['*.node', 'cpu-features'],
      minifySyntax: true,
    }),
  ]);
  writeFileSync(join(directory, 'package.json'), '{}\n');
}

function present(root, entries) {
  return Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(join(root, path))));
}
