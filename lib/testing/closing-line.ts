import type { Reporter, TestModule } from 'vitest/node';
import { skippedForWantOf } from './peers.ts';

/** Ends a test run with one plain line that any tool can read: `N passed, N failed`, and how many were skipped. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]) {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      // A file that could not be loaded has no tests to count.
      if (module.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) count[test.result().state] += 1;
    }
    const skipped = count.skipped + count.pending;
    const wanting = skipped > 0 && skippedForWantOf();
    if (wanting) process.stdout.write(`\nSome tests were skipped for want of ${wanting}.\n`);
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed${skipped ? `, ${skipped} skipped` : ''}\n`);
  }
}
