// Signals as process 1 of a container gets them: the kernel has no default for it, so what it does not listen to is ignored.
import { constants } from 'node:os';

/** Those that would end another program. Node keeps SIGUSR1 for its debugger, and ignores SIGPIPE. */
const ending = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGALRM', 'SIGVTALRM'] as const;

/** A program that takes longer to begin listening than this, in seconds, misses what came before. */
const startSeconds = 3;

/** @param init as with `docker run --init`: what the program does not listen to ends it after all */
export function receiveSignals(init: boolean): void {
  const missed = new Set<string | symbol>();
  for (const signal of ending) {
    process.on(signal, () => {
      if (process.listenerCount(signal) > 1) return;
      if (init) {
        process.removeAllListeners('exit'); // the signal would not have run them
        process.exit(128 + constants.signals[signal]);
      }
      if (process.uptime() < startSeconds) missed.add(signal);
    });
  }
  // Whoever stops a container that only just started should not wait in vain: the program gets the signal once it listens.
  process.on('newListener', (event) => {
    if (missed.delete(event)) setImmediate(() => process.emit(event as NodeJS.Signals, event as NodeJS.Signals));
  });
}
