/** Plays the tutorial without a page: every step through the learner's terminals, proved by its exit status, its sample and its check. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { fillText, type VariableValues } from '#lib/content/fill-variables.ts';
import type { Step, TerminalName } from '#lib/shared/chapter.ts';
import type { DiffLine } from '#lib/shared/check.ts';
import { isEnded, type Run } from '#lib/shared/run.ts';
import type { Terminal } from '#lib/terminal/terminal.ts';
import type { Checker, CheckResult } from './checker.ts';
import { compareOutput, visibleLines } from './expectation.ts';
import type { PlannedStep } from './rehearsal-plan.ts';
import { createRunner } from './runner.ts';

export interface RehearsalOptions {
  plan: PlannedStep[];
  terminal(name: TerminalName): Promise<Terminal>;
  checker: Checker;
  variables(): Promise<VariableValues>;
  /** Called with each result as it comes. */
  onResult(result: StepResult): void;
}

export interface StepResult {
  chapter: string;
  step: string;
  title: string;
  /** `undo`: what took the step back at the end. */
  part: 'step' | 'preparation' | 'undo';
  /** `skipped`: a step that it requires has failed. */
  status: 'passed' | 'failed' | 'skipped';
  /** Milliseconds, checks included. */
  duration: number;
  /** Sentences; empty when it passed. */
  problems: string[];
  /** The last lines that the run printed; kept only when it failed. */
  output: string;
}

/** For steps that have no timeout because they follow something. */
const followMs = 120_000;
/** How long what a step has set in motion (a unit that starts or stops) may take to satisfy its check. */
const settleMs = 15_000;
/** The rest of a line, behind the text that a follower waited for. */
const lineMs = 2000;
const pollMs = 200;
const keptLines = 30;

/** Plays the plan, then takes back what is still there, last step first. Failures are in the results; it throws only when it cannot go on. */
export async function rehearse({ plan, terminal, checker, variables, onResult }: RehearsalOptions): Promise<StepResult[]> {
  const results: StepResult[] = [];
  /** Steps that nothing can build on. */
  const broken = new Set<string>();
  const runs = new Map<string, Run>();
  const listeners = new Set<() => void>();
  const undos = new Map(plan.flatMap(({ step }) => (step.undo === null ? [] : [[`undo-${step.id}`, undoOf(step)] as [string, Step]])));
  const runner = createRunner({
    terminal,
    variables,
    findStep: async (_chapter, id) => undos.get(id) ?? plan.find(({ step }) => step.id === id)?.step ?? null,
    onRun(run) {
      runs.set(run.id, run);
      if (run.status === 'running' && run.question) runner.answer(run.id);
      for (const listener of [...listeners]) listener();
    },
  });

  try {
    const done: PlannedStep[] = [];
    for (const planned of plan) {
      const { step } = planned;
      const missing = step.requires.filter((id) => broken.has(id));
      const part = planned.preparation ? 'preparation' : 'step';
      if (missing.length > 0) {
        broken.add(step.id);
        add(planned, part, performance.now(), [`It builds on ${missing.join(' and ')}, which did not work.`], '', 'skipped');
        continue;
      }
      done.push(planned);
      await play(planned, part);
    }
    for (const planned of done.reverse()) if (planned.step.undo !== null) await takeBack(planned);
  } finally {
    runner.close();
  }
  return results;

  async function play(planned: PlannedStep, part: StepResult['part']): Promise<void> {
    const { step } = planned;
    const began = performance.now();
    const problems: string[] = [];
    if (step.check && step.check.before !== 'any' && (await isProven(step)))
      problems.push('Its check passes before the step has run, so it proves nothing. Where an earlier step does the same, say before=any.');
    const run = await runStep(planned.chapter, step);
    if (typeof run === 'string') {
      broken.add(step.id);
      return add(planned, part, began, [...problems, run], '');
    }
    const failure = judge(step, run);
    if (failure.length === 0) problems.push(...(await compare(step, run)));
    // Whatever it ended with: its result may be there all the same, and then others can build on it.
    const unproven = await prove(step);
    if (unproven.length > 0 || (failure.length > 0 && !step.check)) broken.add(step.id);
    problems.push(...failure, ...unproven);
    const opened = await terminal(step.terminal);
    if (!isEnded(run)) {
      runner.stop(run.id);
      const ended = await until(run.id, isEnded);
      if (ended?.status !== 'succeeded') problems.push(`It did not end when it was stopped: ${ended?.status ?? 'still running'}.`);
    }
    add(planned, part, began, problems, lastLines(opened, run));
  }

  /** Only what is there is taken back: another step may have done so, as the chapter that cleans up does. */
  async function takeBack(planned: PlannedStep): Promise<void> {
    const { step } = planned;
    const began = performance.now();
    const required = plan.filter((each) => step.requires.includes(each.step.id)).map((each) => each.step);
    for (const each of [step, ...required]) if (each.check && !(await isProven(each))) return;
    const undo = undoOf(step);
    const run = await runStep(planned.chapter, undo);
    if (typeof run === 'string') return add(planned, 'undo', began, [run], '');
    const problems = judge(undo, run);
    const gone = async () => ((await isProven(step)) ? null : true);
    if (problems.length === 0 && step.check && !(await eventually(gone, settleMs)))
      problems.push('It was taken back, and its check still passes.');
    add(planned, 'undo', began, problems, lastLines(await terminal(step.terminal), run));
  }

  /** The run once it has ended or shown what it waits for; a sentence when it could not be started. */
  async function runStep(chapter: string, step: Step): Promise<Run | string> {
    const accepted = await runner.start({ chapter, step: step.id, key: randomUUID() });
    if (!accepted.ok) return accepted.reason;
    const limit = step.timeout === null ? followMs : undefined;
    const reached = await until(accepted.value.run, (run) => isEnded(run) || (run.status === 'running' && run.reached), limit);
    if (reached) return reached;
    runner.stop(accepted.value.run);
    return (await until(accepted.value.run, isEnded))!;
  }

  function until(id: string, reached: (run: Run) => boolean, limit?: number): Promise<Run | null> {
    return new Promise((resolve) => {
      const timer = limit === undefined ? undefined : setTimeout(() => settle(null), limit);
      const look = () => {
        const run = runs.get(id);
        if (run && reached(run)) settle(run);
      };
      const settle = (run: Run | null) => {
        clearTimeout(timer);
        listeners.delete(look);
        resolve(run);
      };
      listeners.add(look);
      look();
    });
  }

  async function compare(step: Step, run: Run): Promise<string[]> {
    if (step.expect === null) return [];
    const { log } = await terminal(step.terminal);
    const sample = fillText(step.expect, await variables());
    let last = compareOutput(sample, outputOf(log, run), !isEnded(run));
    if (!isEnded(run)) {
      await eventually(async () => {
        last = compareOutput(sample, outputOf(log, run), true);
        return last.matched || null;
      }, lineMs);
    }
    return last.matched ? [] : [`Its output differs from the sample:\n${drawDiff(last.lines)}`];
  }

  async function prove(step: Step): Promise<string[]> {
    if (!step.check) return [];
    let last: CheckResult | null = null;
    const shell = await terminal('shell');
    const passed = await eventually(async () => {
      last = await checker.check(step, shell);
      return last?.status === 'passed' || null;
    }, settleMs);
    const output = (last as CheckResult | null)?.output.trim();
    return passed ? [] : [`Its check fails. ${step.check.hint}${output ? `\n${output}` : ''}`];
  }

  async function isProven(step: Step): Promise<boolean> {
    return (await checker.check(step, await terminal('shell')))?.status === 'passed';
  }

  function add(
    { chapter, step }: PlannedStep,
    part: StepResult['part'],
    began: number,
    problems: string[],
    output: string,
    status: StepResult['status'] = problems.length > 0 ? 'failed' : 'passed',
  ): void {
    const duration = Math.round(performance.now() - began);
    const kept = status === 'failed' ? output : '';
    const result: StepResult = { chapter, step: step.id, title: step.title, part, status, duration, problems, output: kept };
    results.push(result);
    onResult(result);
  }
}

function undoOf(step: Step): Step {
  const id = `undo-${step.id}`;
  return { ...step, id, command: step.undo!, terminal: 'shell', timeout: step.timeout ?? 60, question: null, until: null, expect: null };
}

function judge(step: Step, run: Run): string[] {
  if (step.until !== null && run.status === 'running') return [];
  if (step.until !== null) return [`It ended (${run.status}) without showing "${step.until}".`];
  if (run.status === 'succeeded') return [];
  return ['reason' in run ? run.reason : `It was ${run.status}.`];
}

function outputOf(log: Terminal['log'], run: Run): Buffer {
  if (!('from' in run) || run.from === undefined) return Buffer.alloc(0);
  return log.slice(run.from, 'to' in run && run.to !== undefined ? run.to : log.end);
}

function lastLines({ log }: Terminal, run: Run): string {
  return visibleLines(outputOf(log, run)).slice(-keptLines).join('\n');
}

/** As `diff` draws it: `-` only in the sample, `+` only in the output. */
function drawDiff(lines: DiffLine[]): string {
  const signs = { same: ' ', missing: '-', extra: '+', skipped: ' ' };
  return lines.map(({ kind, text }) => `${signs[kind]} ${text}`).join('\n');
}

/** The first answer that is not null; null when there is none in time. */
async function eventually<Value>(attempt: () => Promise<Value | null>, limit: number): Promise<Value | null> {
  const deadline = performance.now() + limit;
  for (;;) {
    const answer = await attempt();
    if (answer !== null || performance.now() > deadline) return answer;
    await delay(pollMs);
  }
}
