/** Deadlines run on a clock that never jumps; what clients are shown is the wall clock. Both are milliseconds. */
export interface Clock {
  /** A moment; only differences mean something. */
  now(): number;
  /** What to add to a moment for the time of day (milliseconds since 1970). */
  wallOffset(): number;
}

// Below this the two clocks merely drift; above it somebody set the wall clock or the computer slept.
const jumpMs = 1000;

/** The computer's clock: an hour's jump of the wall clock neither expires a key nor keeps it alive. */
export function systemClock(): Clock {
  let offset = Date.now() - performance.now();
  return {
    now: () => performance.now(),
    wallOffset() {
      const actual = Date.now() - performance.now();
      if (Math.abs(actual - offset) > jumpMs) offset = actual;
      return offset;
    },
  };
}
