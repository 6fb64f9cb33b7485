/** The life of a run: every transition there is. Nothing else changes a run. */
import type { Run, RunIdentity } from '#lib/shared/run.ts';

/** Times are milliseconds since 1970; durations are measured by a clock that never jumps. */
export type RunEvent =
  /** The shell has started the command; its output begins at `from`. */
  | { type: 'started'; at: number; from: number }
  /** The output proper begins later: the step's lines were shown first. */
  | { type: 'shown'; from: number }
  | { type: 'asked'; question: { text: string; answer: string } }
  | { type: 'answered' }
  /** The text that proves the step stands in the output. */
  | { type: 'reached' }
  /** The command has ended. `stopped`: who had asked it to. */
  | { type: 'ended'; duration: number; to: number; exitStatus: number; stopped: 'learner' | 'timeout' | null }
  /** It waits in the background, where Ctrl-Z has put it. */
  | { type: 'suspended'; duration: number; to: number }
  /** It could not be started. */
  | { type: 'refused'; at: number; offset: number; exitStatus: number | null; reason: string }
  /** The learner took it out of the queue. */
  | { type: 'cancelled' }
  /** Nobody will ever know how it ends. */
  | { type: 'interrupted'; duration: number; to: number; reason: string }
  /** The app itself ended; not even when is known. */
  | { type: 'abandoned'; reason: string };

/** Ctrl-C typed into the terminal, as bash reports it. */
const interruptedStatus = 130;

const suspension = 'It was suspended with Ctrl-Z and waits in the background. `fg` lets it go on, but not as this run.';

/** The run after `event`; the same run when the event means nothing to it, as every event does once it has ended. */
export function advance(run: Run, event: RunEvent): Run {
  if (run.status === 'queued') {
    if (event.type === 'started') {
      return { ...identity(run), status: 'running', startedAt: event.at, from: event.from, question: null, reached: false };
    }
    if (event.type === 'refused') {
      const { at: startedAt, offset, exitStatus, reason } = event;
      return { ...identity(run), status: 'failed', startedAt, duration: 0, from: offset, to: offset, exitStatus, reason };
    }
    if (event.type === 'cancelled') return { ...identity(run), status: 'cancelled' };
    if (event.type === 'interrupted' || event.type === 'abandoned')
      return { ...identity(run), status: 'interrupted', reason: event.reason };
    return run;
  }
  if (run.status !== 'running') return run;

  switch (event.type) {
    case 'shown':
      return { ...run, from: event.from };
    case 'asked':
      return { ...run, question: event.question };
    case 'answered':
      return run.question ? { ...run, question: null } : run;
    case 'reached':
      return run.reached ? run : { ...run, reached: true };
    case 'interrupted': {
      const { duration, to, reason } = event;
      return { ...identity(run), status: 'interrupted', reason, startedAt: run.startedAt, duration, from: run.from, to };
    }
    case 'suspended': {
      const { duration, to } = event;
      const ended = { ...identity(run), startedAt: run.startedAt, duration, from: run.from, to };
      return run.reached ? { ...ended, status: 'succeeded' } : { ...ended, status: 'interrupted', reason: suspension };
    }
    case 'abandoned':
      return { ...identity(run), status: 'interrupted', reason: event.reason, startedAt: run.startedAt, from: run.from };
    case 'ended': {
      const ended = { ...identity(run), startedAt: run.startedAt, duration: event.duration, from: run.from, to: event.to };
      if (run.reached) return { ...ended, status: 'succeeded' };
      if (event.stopped === 'timeout') {
        return {
          ...ended,
          status: 'failed',
          exitStatus: null,
          reason: `It ran out of time and was stopped after ${seconds(event.duration)}.`,
        };
      }
      if (event.stopped === 'learner' || event.exitStatus === interruptedStatus) return { ...ended, status: 'cancelled' };
      if (event.exitStatus === 0) return { ...ended, status: 'succeeded' };
      return { ...ended, status: 'failed', exitStatus: event.exitStatus, reason: `It ended with exit status ${event.exitStatus}.` };
    }
    default:
      return run;
  }
}

function identity({ id, chapter, step, terminal, queuedAt }: RunIdentity): RunIdentity {
  return { id, chapter, step, terminal, queuedAt };
}

function seconds(ms: number): string {
  const value = Math.round(ms / 1000);
  return `${value} ${value === 1 ? 'second' : 'seconds'}`;
}
