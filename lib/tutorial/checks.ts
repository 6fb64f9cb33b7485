/** Keeps the verdicts on steps true by themselves: after a run, and when the cluster changes or a command has ended. */
import type { Step } from '#lib/shared/chapter.ts';
import type { CheckReport } from '#lib/shared/check.ts';
import { isEnded, type Run } from '#lib/shared/run.ts';
import type { Terminal } from '#lib/terminal/terminal.ts';
import type { Checker, CheckResult } from './checker.ts';

/**
 * What counts. `done` is history and is never taken back: a step with a check is done when its check passes, whichever way the learner got
 * there; a step without one when a run of it succeeded. The verdict (`CheckReport`) is the present: it turns to failed when the result is
 * gone, as after `vagrant destroy`, and the page then says so beside the mark of what was done.
 *
 * Some checks pass before anything was done (“the machine does not exist”). So a pass counts as done only after a run of the step, or
 * when the check was seen failing before, or when every step that it requires is done.
 */
export interface Checks {
  /** The chapter that a page shows; null: none any more. */
  show(page: string, chapter: string | null): void;
  /** Every change of a run. Call it before the pages hear of the run, so that none of them calls a run good whose proof is still out. */
  ran(run: Run): void;
  /** The cluster, or something that a command may have touched, is different. */
  changed(): void;
  reports(): CheckReport[];
  close(): void;
}

export interface ChecksOptions {
  checker: Checker;
  /** The shell whose directory and environment a check gets. */
  terminal(): Promise<Terminal>;
  steps(chapter: string): Step[];
  isDone(step: string): boolean;
  onDone(step: string): void;
  onCheck(report: CheckReport): void;
  now?: () => number;
}

/** Changes come in bursts, and each check may start a program. */
const gatherMs = 400;
/** What a run has set in motion, such as a unit that stops, may need a moment before its check passes. */
const patience = { tries: 6, pauseMs: 500 };

export function createChecks({ checker, terminal, steps, isDone, onDone, onCheck, now = Date.now }: ChecksOptions): Checks {
  const shown = new Map<string, string>();
  const reports = new Map<string, CheckReport>();
  /** Steps to check, each once however often it was asked for; those of a run come first. */
  const afterRun = new Map<string, { step: Step; patient: boolean }>();
  const waiting = new Map<string, Step>();
  let lastRun: Step | null = null;
  let timer: NodeJS.Timeout | undefined;
  let working = false;
  let closed = false;

  return {
    show(page, chapter) {
      if (chapter === null) shown.delete(page);
      else shown.set(page, chapter);
      if (chapter !== null) changed();
    },
    ran(run) {
      if (closed) return;
      const step = steps(run.chapter).find(({ id }) => id === run.step);
      const well = run.status === 'succeeded' || (run.status === 'running' && run.reached);
      if (!step || !(well || (isEnded(run) && 'from' in run))) return;
      if (!step.check) {
        if (well) onDone(step.id);
        return;
      }
      lastRun = step;
      afterRun.set(step.id, { step, patient: well });
      tell({ step: step.id, status: 'running', hint: null, output: '', passedAt: reports.get(step.id)?.passedAt ?? null });
      void work();
    },
    changed,
    reports: () => [...reports.values()],
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };

  /** Gathers what changes within a moment, so that a stream of changes costs a bounded number of checks. */
  function changed(): void {
    if (closed) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      for (const step of [...new Set(shown.values())].flatMap(steps)) if (step.check) waiting.set(step.id, step);
      if (lastRun) waiting.set(lastRun.id, lastRun);
      void work();
    }, gatherMs);
  }

  /** One check at a time. */
  async function work(): Promise<void> {
    if (working) return;
    working = true;
    while (!closed) {
      const [ran] = afterRun.values();
      const step = ran?.step ?? waiting.values().next().value;
      if (!step) break;
      afterRun.delete(step.id);
      waiting.delete(step.id);
      const result = await verdict(step, ran?.patient ?? false);
      if (closed) break;
      // Meanwhile it ran again: the verdict on that run is the one to tell.
      if (!afterRun.has(step.id)) settle(step, result, ran !== undefined);
    }
    working = false;
  }

  async function verdict(step: Step, patient: boolean): Promise<CheckResult> {
    for (let tries = patient ? patience.tries : 1; ; tries--) {
      const result = await check(step);
      if (result.status === 'passed' || tries <= 1 || closed) return result;
      await new Promise((resolve) => setTimeout(resolve, patience.pauseMs));
    }
  }

  async function check(step: Step): Promise<CheckResult> {
    try {
      return (await checker.check(step, await terminal()))!;
    } catch (error) {
      return { step: step.id, status: 'failed', hint: (error as Error).message, output: '' };
    }
  }

  function settle(step: Step, result: CheckResult, ran: boolean): void {
    const before = reports.get(step.id);
    const passed = result.status === 'passed';
    if (passed && (ran || before?.status === 'failed' || step.requires.every(isDone))) onDone(step.id);
    tell({ ...result, passedAt: passed ? now() : (before?.passedAt ?? null) });
  }

  /** Pages hear of what is new to them. */
  function tell(report: CheckReport): void {
    const before = reports.get(report.step);
    reports.set(report.step, report);
    if (before?.status !== report.status || before.hint !== report.hint) onCheck(report);
  }
}
