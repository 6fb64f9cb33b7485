/**
 * Compares a step's sample output with what its command really printed: tolerant where terminals and programs vary, and nowhere else. `…` within
 * a line stands for anything, alone in a line for any number of lines; a line that begins with `/^` and ends with `$/` is a regular expression
 * for the whole line.
 */
import { samplePattern } from '#lib/content/sample-pattern.ts';
import type { DiffLine } from '#lib/shared/check.ts';
import { createVisibleText } from './output-text.ts';

/** Stands for anything within a line, and alone in a line for any number of lines. */
const ellipsis = '…';
/** More than a reader looks at; comparing costs sample lines × output lines. */
const outputLimit = 1000;
const sampleLimit = 200;
/** Of a diff; the rest is counted. */
const shownLimit = 60;

export interface Comparison {
  matched: boolean;
  /** The sample and the output side by side, in order; empty when they match. */
  lines: DiffLine[];
}

/**
 * @param sample the text of an `expect` block with its variables filled in
 * @param output the bytes that a terminal got
 * @param continues the command still runs, so that anything may follow what the sample shows
 */
export function compareOutput(sample: string, output: Buffer, continues = false): Comparison {
  const wanted = sample.split('\n').map(tidy).filter(Boolean).slice(0, sampleLimit);
  if (continues && wanted.at(-1) !== ellipsis) wanted.push(ellipsis);
  const all = visibleLines(output);
  const real = all.slice(0, outputLimit);
  const lines = align(wanted, real);
  const matched = all.length <= outputLimit && lines.every(({ kind }) => kind === 'same' || kind === 'skipped');
  return { matched, lines: matched ? [] : shorten(lines) };
}

/**
 * The lines that a reader sees: without escape sequences, blank lines and trailing blanks, columns that TABs made one blank apart, and of a
 * line that was drawn over and over (a progress display) the last state.
 */
export function visibleLines(output: Buffer): string[] {
  // What stands behind a lone carriage return overwrites the line; NUL marks the place, because the filter below removes every return.
  const marked = Buffer.from(output.toString('latin1').replaceAll('\0', '').replace(/\r+\n/g, '\n').replaceAll('\r', '\0'), 'latin1');
  const text = createVisibleText().push(marked).toString();
  return text.split('\n').flatMap((line) => tidy(line.split('\0').findLast((state) => state.trim() !== '') ?? '') || []);
}

function tidy(line: string): string {
  return line.trimEnd().replace(/[ \t]+/g, ' ');
}

/** Whether a line of the output fits one of the sample. Takes linear time, whatever the number of placeholders. */
function fits(sample: string, line: string): boolean {
  const parts = sample.split(ellipsis);
  const [first, last] = [parts[0]!, parts.at(-1)!];
  if (parts.length === 1) return sample === line;
  if (line.length < first.length + last.length || !line.startsWith(first) || !line.endsWith(last)) return false;
  let at = first.length;
  const end = line.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = line.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** As `fits`, with what the sample says read once. */
function matcherOf(sample: string): (line: string) => boolean {
  const pattern = samplePattern(sample);
  return pattern ? (line) => pattern.test(line) : (line) => fits(sample, line);
}

/** The alignment with the fewest lines that are only on one side. */
function align(wanted: string[], real: string[]): DiffLine[] {
  const width = real.length + 1;
  const matchers = wanted.map(matcherOf);
  // cost[i * width + j]: the fewest differences between the samples from i on and the lines from j on.
  const cost = new Uint16Array((wanted.length + 1) * width);
  for (let i = wanted.length; i >= 0; i--) {
    for (let j = real.length; j >= 0; j--) {
      if (i === wanted.length) cost[i * width + j] = real.length - j;
      else cost[i * width + j] = Math.min(...moves(i, j).map((move) => move.cost));
    }
  }

  const lines: DiffLine[] = [];
  for (let i = 0, j = 0; i < wanted.length || j < real.length; ) {
    const move =
      i === wanted.length ? { kind: 'extra' as const, i, j: j + 1 } : moves(i, j).find((each) => each.cost === cost[i * width + j])!;
    if (move.kind === 'skipped') {
      if (move.j > j && lines.at(-1)?.kind !== 'skipped') lines.push({ kind: 'skipped', text: ellipsis });
    } else lines.push({ kind: move.kind, text: move.kind === 'missing' ? wanted[i]! : real[j]! });
    i = move.i;
    j = move.j;
  }
  return lines;

  /** What can be done with sample line i at output line j, the best last resort at the end. */
  function moves(i: number, j: number): { kind: DiffLine['kind']; i: number; j: number; cost: number }[] {
    const move = (kind: DiffLine['kind'], di: number, dj: number, price: number) => ({
      kind,
      i: i + di,
      j: j + dj,
      cost: cost[(i + di) * width + j + dj]! + price,
    });
    const sample = wanted[i]!;
    const some = j < real.length;
    if (sample === ellipsis) return some ? [move('skipped', 1, 0, 0), move('skipped', 0, 1, 0)] : [move('skipped', 1, 0, 0)];
    if (!some) return [move('missing', 1, 0, 1)];
    const both = [move('missing', 1, 0, 1), move('extra', 0, 1, 1)];
    return matchers[i]!(real[j]!) ? [move('same', 1, 1, 0), ...both] : both;
  }
}

/** Keeps the start of a long diff; long runs of equal lines are of no interest to anybody. */
function shorten(lines: DiffLine[]): DiffLine[] {
  const near = (at: number) => lines.slice(Math.max(0, at - 2), at + 3).some(({ kind }) => kind === 'missing' || kind === 'extra');
  const kept: DiffLine[] = [];
  for (const [at, line] of lines.entries()) {
    if (near(at)) kept.push(line);
    else if (kept.at(-1)?.kind !== 'skipped') kept.push({ kind: 'skipped', text: ellipsis });
  }
  if (kept.length <= shownLimit) return kept;
  return [...kept.slice(0, shownLimit), { kind: 'skipped', text: `${ellipsis} and ${kept.length - shownLimit} lines more` }];
}
