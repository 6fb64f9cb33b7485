// Whether a service is started again after its end, and how often it may be.
import { listsExit, type ProcessExit, type ServiceResult } from './exit.ts';
import type { ServiceSettings } from './service-settings.ts';

/** What Restart= and its exceptions say of this end; `exit` is the main process's, null when there was none. */
export function shouldRestart(settings: ServiceSettings, result: ServiceResult, exit: ProcessExit | null): boolean {
  const { restart, restartPreventStatus, restartForceStatus } = settings;
  if (listsExit(restartPreventStatus, exit)) return false;
  if (listsExit(restartForceStatus, exit)) return true;
  switch (restart) {
    case 'no':
    case 'on-watchdog':
      return false;
    case 'always':
      return true;
    case 'on-success':
      return result === 'success';
    case 'on-failure':
      return result !== 'success';
    case 'on-abnormal':
      return result === 'signal' || result === 'timeout';
    case 'on-abort':
      return result === 'signal';
    default:
      return restart satisfies never;
  }
}

export interface StartCounter {
  /** Counts a start; false when there were too many of late. `now` in milliseconds. */
  admit(limit: ServiceSettings['startLimit'], now: number): boolean;
  clear(): void;
}

export function startCounter(): StartCounter {
  let starts: number[] = [];
  return {
    admit({ interval, burst }, now) {
      if (interval <= 0 || burst <= 0) return true;
      starts = starts.filter((time) => now - time < interval);
      if (starts.length >= burst) return false;
      starts.push(now);
      return true;
    },
    clear() {
      starts = [];
    },
  };
}
