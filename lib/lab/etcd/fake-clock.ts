import type { Clock } from './clock.ts';

/** A clock that moves when told; only for tests. */
export function fakeClock(start = Date.UTC(2014, 9, 24, 13, 11)): Clock & { advance(milliseconds: number): void } {
  let now = 0;
  return {
    now: () => now,
    wallOffset: () => start,
    advance(milliseconds) {
      now += milliseconds;
    },
  };
}
