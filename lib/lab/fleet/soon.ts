/**
 * Runs the work once the current work is done, however often it is called until then; changes come in bunches.
 * An error ends in `report`. `defer` says when that is: `setImmediate` gives way to those that use the default.
 */
export function soon(
  work: () => void,
  report: (error: unknown) => void,
  defer: (callback: () => void) => unknown = queueMicrotask,
): () => void {
  let queued = false;
  return () => {
    if (queued) return;
    queued = true;
    defer(() => {
      queued = false;
      try {
        work();
      } catch (error) {
        report(error);
      }
    });
  };
}
