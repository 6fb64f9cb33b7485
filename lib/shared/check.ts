/** What proves a step, and how its output compares with the sample; sent by the server, shown by the page. */

/** The newest verdict on a step. Times are milliseconds since 1970. */
export interface CheckReport {
  step: string;
  /** `running`: a run has just ended, and its proof is being looked for. */
  status: 'running' | 'passed' | 'failed';
  /** Why it may have failed, in the content's words; null unless it failed. */
  hint: string | null;
  /** What the check printed. */
  output: string;
  /** When it passed last; null: not since the app started. */
  passedAt: number | null;
}

/** How the output of a run compares with the step's sample. A difference is no error: programs and versions vary. */
export interface ExpectationReport {
  step: string;
  run: string;
  matched: boolean;
  /** Empty when it matched. */
  lines: DiffLine[];
}

export interface DiffLine {
  /** `missing`: only in the sample. `extra`: only in the output. `skipped`: as many output lines as a `…` of the sample stands for. */
  kind: 'same' | 'missing' | 'extra' | 'skipped';
  text: string;
}
