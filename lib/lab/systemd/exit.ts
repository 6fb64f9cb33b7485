// How a process ended, in systemd's words.
import { constants } from 'node:os';

export type ProcessExit = { code: 'exited'; status: number } | { code: 'killed'; signal: NodeJS.Signals };

/** What systemd calls a unit's Result. */
export type ServiceResult = 'success' | 'exit-code' | 'signal' | 'timeout' | 'resources' | 'start-limit';

/** The status a child gives back when the program itself could not be run. */
export const chdirStatus = 200;
export const execStatus = 203;

const statusNames: Record<number, string> = {
  0: 'SUCCESS',
  1: 'FAILURE',
  2: 'INVALIDARGUMENT',
  3: 'NOTIMPLEMENTED',
  4: 'NOPERMISSION',
  5: 'NOTINSTALLED',
  6: 'NOTCONFIGURED',
  7: 'NOTRUNNING',
  [chdirStatus]: 'CHDIR',
  [execStatus]: 'EXEC',
};

/** `code=exited, status=1/FAILURE`. */
export function describeExit(exit: ProcessExit): string {
  return exit.code === 'exited'
    ? `code=exited, status=${exit.status}/${statusNames[exit.status] ?? 'n/a'}`
    : `code=killed, status=${constants.signals[exit.signal]}/${exit.signal.slice(3)}`;
}

/** A program without handlers for these ends cleanly by them. */
const cleanSignals: NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'];

/** `extra` is SuccessExitStatus=. */
export function judgeExit(exit: ProcessExit, extra: (number | string)[]): ServiceResult {
  if (exit.code === 'exited') return exit.status === 0 || extra.includes(exit.status) ? 'success' : 'exit-code';
  return cleanSignals.includes(exit.signal) || extra.includes(exit.signal) ? 'success' : 'signal';
}

/** Whether a list of statuses and signals, such as RestartPreventExitStatus=, names this exit. */
export function listsExit(list: (number | string)[], exit: ProcessExit | null): boolean {
  return exit !== null && list.includes(exit.code === 'exited' ? exit.status : exit.signal);
}
