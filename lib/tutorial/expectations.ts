/** Compares what runs printed with the samples of their steps, as far as the samples claim to know. */
import { fillText, type VariableValues } from '#lib/content/fill-variables.ts';
import type { Step, TerminalName } from '#lib/shared/chapter.ts';
import type { ExpectationReport } from '#lib/shared/check.ts';
import type { Run } from '#lib/shared/run.ts';
import type { Terminal } from '#lib/terminal/terminal.ts';
import { compareOutput } from './expectation.ts';

export interface Expectations {
  /** Every change of a run. */
  ran(run: Run): void;
  /** Of each step's last run. */
  reports(): ExpectationReport[];
}

export interface ExpectationsOptions {
  terminal(name: TerminalName): Promise<Terminal>;
  steps(chapter: string): Step[];
  variables(): Promise<VariableValues>;
  onExpectation(report: ExpectationReport): void;
}

/** A sample shows a screenful; what printed so much more is not compared with it. */
const outputLimit = 1024 * 1024;
/** The text that a follower waits for stands within a line, whose rest comes a moment later. */
const lineMs = 2000;

export function createExpectations({ terminal, steps, variables, onExpectation }: ExpectationsOptions): Expectations {
  const reports = new Map<string, ExpectationReport>();
  /** Followers that were compared when they had shown what they wait for. */
  const followed = new Set<string>();
  return {
    reports: () => [...reports.values()],
    ran(run) {
      const sample = steps(run.chapter).find(({ id }) => id === run.step)?.expect;
      if (!sample || followed.has(run.id)) return;
      if (run.status === 'running' && run.reached) {
        followed.add(run.id);
        void compareFollower(run, run.from, sample);
      } else if (run.status === 'succeeded') void compare(run, run.from, run.to, sample);
    },
  };

  async function compare(run: Run, from: number, to: number, sample: string): Promise<void> {
    const { log } = await terminal(run.terminal);
    if (to - from > outputLimit || from < log.start) return;
    tell(run, compareOutput(fillText(sample, await variables()), log.slice(from, to)));
  }

  async function compareFollower(run: Run, from: number, sample: string): Promise<void> {
    const opened = await terminal(run.terminal);
    const filled = fillText(sample, await variables());
    const look = () => compareOutput(filled, opened.log.slice(from, opened.log.end), true);
    const decide = () => {
      clearTimeout(timer);
      off();
      tell(run, look());
    };
    const off = opened.onEvent((event) => {
      if (event.kind === 'output' && look().matched) decide();
    });
    const timer = setTimeout(decide, lineMs);
    if (look().matched) decide();
  }

  function tell(run: Run, comparison: Pick<ExpectationReport, 'matched' | 'lines'>): void {
    const report = { step: run.step, run: run.id, ...comparison };
    reports.set(run.step, report);
    onExpectation(report);
  }
}
