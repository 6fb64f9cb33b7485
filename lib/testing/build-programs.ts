import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { bundlePrograms } from '../server/build.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** The directory that holds the bundled programs, such as `pty-host.mjs` and `fleetctl.cjs`. */
    programs: string;
  }
}

/** Bundles the programs once for all integration tests of this run, beside those of an app that may be running. */
export default async function buildPrograms(project: TestProject) {
  const directory = join(project.config.root, '.build', `test-${process.pid}`);
  await bundlePrograms(project.config.root, directory);
  project.provide('programs', directory);
  return () => rmSync(directory, { recursive: true, force: true });
}
