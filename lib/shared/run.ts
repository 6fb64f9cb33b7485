import type { TerminalName } from './chapter.ts';

/** One execution of a step. The server owns it; the page only shows it. Times are milliseconds since 1970, durations milliseconds. */
export type Run = RunIdentity & RunState;

export interface RunIdentity {
  id: string;
  chapter: string;
  step: string;
  terminal: TerminalName;
  queuedAt: number;
}

export type RunState =
  | { status: 'queued' }
  | RunningState
  | (Ended & { status: 'succeeded' })
  /** `exitStatus` is null when the step ran out of time. */
  | (Ended & { status: 'failed'; exitStatus: number | null; reason: string })
  /** The learner stopped it, or took it out of the queue. */
  | (Partial<Ended> & { status: 'cancelled' })
  /** Its shell died or the app stopped; nobody knows how it would have ended. */
  | (Partial<Ended> & { status: 'interrupted'; reason: string });

export interface RunningState {
  status: 'running';
  startedAt: number;
  /** Where the run's output begins in the terminal's log, in bytes since the terminal began. */
  from: number;
  /** Set while the program waits for the answer that the step names. */
  question: { text: string; answer: string } | null;
  /** The step's `until` text has been seen; the command goes on. */
  reached: boolean;
}

interface Ended {
  startedAt: number;
  duration: number;
  from: number;
  /** Where the run's output ends in the terminal's log. */
  to: number;
}

export type RunStatus = Run['status'];

export function isEnded(run: Run): boolean {
  return run.status !== 'queued' && run.status !== 'running';
}
