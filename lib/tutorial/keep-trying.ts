/** Saves that may fail, such as on a full disk: tried again by themselves until they work. */

const retryMs = 1000;

/**
 * @param save writes everything that is to be written, or throws
 * @param failing told once when saving begins to fail, and with null when it works again
 */
export function keepTrying(save: () => void, failing: (error: Error | null) => void) {
  let timer: NodeJS.Timeout | undefined;
  let failed = false;
  return {
    /** Saves now; what fails is tried again later. */
    now: attempt,
    close() {
      if (failed) attempt();
      clearTimeout(timer);
    },
  };

  function attempt(): void {
    clearTimeout(timer);
    try {
      save();
      if (failed) failing(null);
      failed = false;
    } catch (error) {
      if (!failed) failing(error as Error);
      failed = true;
      timer = setTimeout(attempt, retryMs).unref();
    }
  }
}
