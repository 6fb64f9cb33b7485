/** What is wrong with the content, said to the author: all of it at once, each with its file and line. */

export interface Problem {
  /** As the author names it: `content/03-tools.md`. */
  file: string;
  /** 1-based. */
  line: number;
  /** What is wrong and what to do about it, in sentences. */
  text: string;
}

/** Notes a problem of the file that is being read; reading goes on, so that the author sees the other problems too. */
export type Report = (line: number, text: string) => void;

export class ContentError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ file, line, text }) => `${file}:${line}: ${text}`).join('\n'));
    this.name = 'ContentError';
    this.problems = problems;
  }
}

/** `a, b or c`, for sentences that list the choices. */
export function listChoices(choices: readonly string[], conjunction = 'or'): string {
  if (choices.length < 2) return choices.join('');
  return `${choices.slice(0, -1).join(', ')} ${conjunction} ${choices.at(-1)}`;
}
