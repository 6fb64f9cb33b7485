/** What a rehearsal found, for people, for programs (JSON) and for CI servers (JUnit's XML). */
import type { StepResult } from './rehearsal.ts';

export interface RehearsalReport {
  passed: number;
  failed: number;
  skipped: number;
  /** Milliseconds. */
  duration: number;
  results: StepResult[];
  /** Ids of processes that were still running after everything was closed. */
  survivors: number[];
  /** Where the text of the terminals was kept; null when nothing failed. */
  kept: string | null;
}

export function makeReport(results: StepResult[], survivors: number[], duration: number, kept: string | null): RehearsalReport {
  const count = (status: StepResult['status']) => results.filter((each) => each.status === status).length;
  const leftovers = survivors.length > 0 ? 1 : 0;
  return {
    passed: count('passed'),
    failed: count('failed') + leftovers,
    skipped: count('skipped'),
    duration: Math.round(duration),
    results,
    survivors,
    kept,
  };
}

/** One line, and below it what went wrong. */
export function describeResult(result: StepResult): string {
  const signs = { passed: '✓', failed: '✗', skipped: '–' };
  const part = result.part === 'step' ? '' : ` (${result.part})`;
  const head = `  ${signs[result.status]} ${result.step}${part}  ${result.title}  ${(result.duration / 1000).toFixed(1)} s`;
  const output = result.output ? [`The last lines of its output:\n${result.output}`] : [];
  return [head, ...[...result.problems, ...output].map((text) => indent(text, 6))].join('\n');
}

/** JUnit's XML: a suite for each chapter and one for what must hold at the end. */
export function toJunit({ results, survivors }: RehearsalReport): string {
  const chapters = [...new Set(results.map(({ chapter }) => chapter))];
  const suites = chapters.map((chapter) => {
    const own = results.filter((each) => each.chapter === chapter);
    return suite(
      chapter,
      own.map((each) => testCase(chapter, each)),
      own.filter(({ status }) => status === 'failed').length,
      own.filter(({ status }) => status === 'skipped').length,
    );
  });
  const failure = survivors.length > 0 ? `<failure message="${escapeXml(describeSurvivors(survivors))}"/>` : '';
  const end = suite(
    'end',
    [`<testcase classname="end" name="nothing is left running">${failure}</testcase>`],
    survivors.length > 0 ? 1 : 0,
    0,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${[...suites, end].join('\n')}\n</testsuites>\n`;
}

export function describeSurvivors(survivors: number[]): string {
  return survivors.length > 0 ? `Still running: process ${survivors.join(', ')}.` : 'Nothing is left running.';
}

function suite(name: string, cases: string[], failures: number, skipped: number): string {
  const counts = `tests="${cases.length}" failures="${failures}" skipped="${skipped}"`;
  return [`<testsuite name="${escapeXml(name)}" ${counts}>`, ...cases, '</testsuite>'].join('\n');
}

function testCase(chapter: string, { step, title, part, status, duration, problems, output }: StepResult): string {
  const name = `${step}: ${part === 'undo' ? 'undo' : title}`;
  const text = problems.join('\n');
  const outcome = { passed: '', failed: `<failure message="${escapeXml(text)}">${escapeXml(output)}</failure>`, skipped: '<skipped/>' };
  const time = (duration / 1000).toFixed(3);
  return `<testcase classname="${escapeXml(chapter)}" name="${escapeXml(name)}" time="${time}">${outcome[status]}</testcase>`;
}

/** XML 1.0 has no way to write most control characters, so they are left out. */
function escapeXml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;' };
  return text.replace(/[\0-\x08\x0b-\x1f\ufffe\uffff]/g, '').replace(/[&<>"\n]/g, (character) => entities[character]!);
}

function indent(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => `${' '.repeat(width)}${line}`)
    .join('\n');
}
