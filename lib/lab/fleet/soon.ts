/**
 * Runs the work once the current work is done, however often it is called until then; changes come in bunches.
 * An error ends in `report`.
 */
export function soon(work: () => void, report: (error: unknown) => void): () => void {
  let queued = false;
  return () => {
    if (queued) return;
    queued = true;
    queueMicrotask(() => {
      queued = false;
      try {
        work();
      } catch (error) {
        report(error);
      }
    });
  };
}
