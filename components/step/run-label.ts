// Says in a few words what the server knows of a run.
import type { Run } from '#lib/shared/run.ts';

export interface RunLabel {
  tone: 'waiting' | 'active' | 'good' | 'bad' | 'neutral';
  text: string;
  /** Why, when the server gave a reason. */
  reason: string | null;
}

/**
 * @param now milliseconds since 1970, for the seconds of a run that is under way
 * @param unproven the check of a run that succeeded does not pass, or not yet
 */
export function describeRun(run: Run, now: number, unproven = false): RunLabel {
  switch (run.status) {
    case 'queued':
      return { tone: 'waiting', text: `Queued: waits until ${run.terminal} is at its prompt`, reason: null };
    case 'running':
      return { tone: 'active', text: describeRunning(run.reached, Math.max(0, now - run.startedAt)), reason: null };
    case 'succeeded':
      if (unproven) return { tone: 'neutral', text: `Ended with exit status 0 after ${formatDuration(run.duration)}`, reason: null };
      return { tone: 'good', text: `Succeeded in ${formatDuration(run.duration)}`, reason: null };
    case 'failed':
      return { tone: 'bad', text: describeFailure(run.exitStatus, run.duration), reason: run.reason };
    case 'cancelled':
      return {
        tone: 'neutral',
        text: run.duration === undefined ? 'Taken out of the queue' : `Stopped after ${formatDuration(run.duration)}`,
        reason: null,
      };
    case 'interrupted':
      return {
        tone: 'bad',
        text: run.duration === undefined ? 'Interrupted' : `Interrupted after ${formatDuration(run.duration)}`,
        reason: run.reason,
      };
    default:
      return run satisfies never;
  }
}

/** What is announced when a run ends or its text is seen: “Start the cluster succeeded, 2.1 s”. */
export function announceRun(title: string, run: Run): string | null {
  switch (run.status) {
    case 'queued':
      return null;
    case 'running':
      if (run.question) return `${title} asks: ${run.question.text}`;
      return run.reached ? `${title}: seen, still following` : null;
    case 'succeeded':
      return `${title} succeeded, ${formatDuration(run.duration)}`;
    case 'failed':
      return run.exitStatus === null ? `${title} ran out of time` : `${title} failed with exit status ${run.exitStatus}`;
    case 'cancelled':
      return `${title} stopped`;
    case 'interrupted':
      return `${title} was interrupted: ${run.reason}`;
    default:
      return run satisfies never;
  }
}

/** `40 ms`, `0.4 s`, `2.1 s`, `42 s`, `1 min 05 s`. */
export function formatDuration(ms: number): string {
  if (ms < 95) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

function describeRunning(reached: boolean, elapsed: number): string {
  const seconds = Math.floor(elapsed / 1000);
  const time = seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1000);
  return reached ? `Seen — still following · ${time}` : `Running · ${time}`;
}

function describeFailure(exitStatus: number | null, duration: number): string {
  if (exitStatus === null) return `Out of time after ${formatDuration(duration)}`;
  return `Failed with exit status ${exitStatus} after ${formatDuration(duration)}`;
}
