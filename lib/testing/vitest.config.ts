import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('../..', import.meta.url));
// Limits against hanging, not against slowness: a computer may be busy with other things.
const expectations = { poll: { timeout: 15_000, interval: 50 } };
const exclude = ['node_modules/**', '.next/**', '.build/**'];

/** By itself at the end: beside other tests it would measure them. */
const soak = {
  root,
  test: {
    name: 'soak',
    include: ['**/*.long.test.ts'],
    exclude,
    globalSetup: ['lib/testing/build-programs.ts'],
    sequence: { groupOrder: 1 },
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
          fileParallelism: false,
        },
      },
      ...(process.env.SOAK_MINUTES ? [soak] : []),
    ],
  },
});
