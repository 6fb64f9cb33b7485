// A machine's own time: it stands still while the machine is suspended, and every timer with it.

export interface MachineClock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Calls back once the time is over, never for more than a timer can count; answers with the function that calls it off. */
  after(milliseconds: number, act: () => void): () => void;
  pause(): void;
  resume(): void;
}

/** Longer than a timer can count is as good as never. */
const longest = 2 ** 31;

export function machineClock(real: () => number = () => performance.now()): MachineClock {
  const timers = new Set<{ due: number; act(): void; handle: NodeJS.Timeout | undefined }>();
  /** How long the machine has stood still so far. */
  let lost = 0;
  let pausedAt: number | null = null;
  const now = () => (pausedAt ?? real()) - lost;

  function arm(timer: { due: number; act(): void; handle: NodeJS.Timeout | undefined }): void {
    timer.handle = setTimeout(() => {
      timers.delete(timer);
      timer.act();
    }, timer.due - now());
  }

  return {
    now,
    after(milliseconds, act) {
      if (milliseconds >= longest) return () => {};
      const timer = { due: now() + milliseconds, act, handle: undefined };
      timers.add(timer);
      if (pausedAt === null) arm(timer);
      return () => {
        timers.delete(timer);
        clearTimeout(timer.handle);
      };
    },
    pause() {
      pausedAt ??= real();
      for (const { handle } of timers) clearTimeout(handle);
    },
    resume() {
      if (pausedAt === null) return;
      lost += real() - pausedAt;
      pausedAt = null;
      for (const timer of timers) arm(timer);
    },
  };
}
