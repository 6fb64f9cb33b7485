// Says in a few words what the server's check found, and whether it stands against what the run or the learner's progress says.
import type { CheckReport } from '#lib/shared/check.ts';
import type { Run } from '#lib/shared/run.ts';

export interface CheckLabel {
  tone: 'good' | 'bad' | 'waiting' | 'neutral';
  text: string;
  hint: string | null;
  /** What the button that runs the step is called here; null: none is offered. */
  fix: string | null;
}

/** @param proven the step was done at some time; that is never taken back */
export function describeCheck(check: CheckReport | null, run: Run | null, proven: boolean): CheckLabel | null {
  if (!check) return null;
  const underWay = run?.status === 'queued' || (run?.status === 'running' && !run.reached);
  if (underWay) return null;
  switch (check.status) {
    case 'running':
      return { tone: 'waiting', text: 'Checking the result …', hint: null, fix: null };
    case 'passed':
      // A check that passes before anything was done proves nothing.
      return proven ? { tone: 'good', text: 'Checked: the result is there.', hint: null, fix: null } : null;
    case 'failed':
      return describeFailed(check, run, proven);
    default:
      return check.status satisfies never;
  }
}

/** A run that succeeded, but whose check has not passed since: it must not look as if all were well. */
export function isUnproven(check: CheckReport | null, run: Run | null): boolean {
  return run?.status === 'succeeded' && check !== null && check.status !== 'passed' && !passedSince(check, run);
}

/** What is announced when a verdict on a run arrives. */
export function announceCheck(title: string, check: CheckReport, run: Run | null): string | null {
  if (check.status === 'failed' && isUnproven(check, run)) return `${title}: the check fails. ${check.hint ?? ''}`.trim();
  return check.status === 'passed' ? `${title}: checked, the result is there` : null;
}

function describeFailed(check: CheckReport, run: Run | null, proven: boolean): CheckLabel | null {
  if (isUnproven(check, run))
    return { tone: 'bad', text: 'It ended without an error, but its check fails.', hint: check.hint, fix: 'Fix: run it' };
  if (run?.status === 'failed') return { tone: 'bad', text: 'Its check fails as well.', hint: check.hint, fix: null };
  // Undone since, on purpose or not: no alarm, only the truth.
  if (proven) return { tone: 'neutral', text: 'It was done; by now the result is no longer there.', hint: null, fix: null };
  return null;
}

function passedSince({ passedAt }: CheckReport, run: Run & { status: 'succeeded' }): boolean {
  return passedAt !== null && passedAt >= run.startedAt + run.duration;
}
