import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('../..', import.meta.url));
// Limits against hanging, not against slowness: a computer may be busy with other things.
const expectations = { poll: { timeout: 15_000, interval: 50 } };
const exclude = ['node_modules/**', '.next/**', '.build/**'];

/** These tests mostly wait for other programs, which leaves room for more of them than there are cores. */
const maxWorkers = Math.max(3, availableParallelism() - 1);

/** By itself at the end: beside other tests it would measure them. */
const soak = {
  root,
  test: {
    name: 'soak',
    include: ['**/*.long.test.ts'],
    exclude,
    globalSetup: ['lib/testing/build-programs.ts'],
    fileParallelism: false,
    sequence: { groupOrder: 2 },
  },
};

export default defineConfig({
  root,
  test: {
    reporters: ['default', './lib/testing/closing-line.ts'],
    projects: [
      {
        root,
        test: {
          name: 'unit',
          include: ['**/*.test.{ts,tsx}'],
          exclude: [...exclude, '**/*.integration.test.ts', '**/*.e2e.test.ts', '**/*.long.test.ts'],
          expect: expectations,
          maxWorkers,
          testTimeout: 30_000,
        },
      },
      {
        root,
        test: {
          name: 'integration',
          include: ['**/*.integration.test.ts'],
          exclude,
          globalSetup: ['lib/testing/build-programs.ts'],
          expect: expectations,
          maxWorkers,
          testTimeout: 60_000,
        },
      },
      {
        root,
        test: {
          name: 'e2e',
          include: ['**/*.e2e.test.ts'],
          exclude,
          globalSetup: ['lib/testing/build-programs.ts'],
          expect: expectations,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          // A browser, the app and the lab are enough for two cores.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      ...(process.env.SOAK_MINUTES ? [soak] : []),
    ],
  },
});
