import type { Token } from 'markdown-it';
import type { Block, Step } from '#lib/shared/chapter.ts';
import { checkAttributes, type InfoString, parseInfoString } from './info-string.ts';
import { parseStep } from './parse-step.ts';
import { listChoices, type Report } from './problems.ts';
import { samplePattern } from './sample-pattern.ts';

/** What the code blocks of one chapter have said so far. */
export interface Fences {
  steps: { step: Step; line: number }[];
  /** `expect` and `check` blocks; their step may come after them. */
  attachments: { kind: 'expect' | 'check'; info: InfoString; text: string; line: number }[];
}

/** The block that a code block at the left margin becomes, or null when it belongs to a step. */
export function readFence(token: Token, line: number, fences: Fences, report: Report): Block | null {
  const info = parseInfoString(token.info);
  if (typeof info === 'string') {
    report(line, info);
    return null;
  }
  const role = roleOf(info);
  if (role === 'expect' || role === 'check') {
    fences.attachments.push({ kind: role, info, text: token.content.trimEnd(), line });
    return null;
  }
  if (role === 'run') {
    const step = parseStep(info.attributes, token.content, line, report);
    if (!step) return null;
    fences.steps.push({ step, line });
    return { kind: 'step', step };
  }
  for (const problem of checkAttributes('a listing', info.attributes, [], ['title'])) report(line, problem);
  const stray = info.words[1];
  if (stray) report(line, `"${stray}" means nothing here. Behind the language a block may say run, expect or check.`);
  return { kind: 'listing', language: info.words[0] ?? 'text', text: token.content.trimEnd(), title: info.attributes.get('title') ?? null };
}

/** Whether a block says more than its language, and so must stand where it can be acted on. */
export function isActive(token: Token): boolean {
  const info = parseInfoString(token.info);
  return typeof info === 'string' || roleOf(info) !== null;
}

/** The id of the step that a token is, so far as it can be known before everything is read. */
export function stepIdOf(token: Token): string | null {
  const info = token.type === 'fence' ? parseInfoString(token.info) : '';
  return typeof info !== 'string' && roleOf(info) === 'run' ? (info.attributes.get('id') ?? null) : null;
}

function roleOf({ words }: InfoString): 'run' | 'expect' | 'check' | null {
  const roles = ['run', 'expect', 'check'] as const;
  return roles.find((role) => words[1] === role) ?? roles.find((role) => words.length === 1 && words[0] === role) ?? null;
}

/** Gives the chapter's `expect` and `check` blocks to their steps. */
export function attachToSteps({ steps, attachments }: Fences, report: Report) {
  for (const { kind, info, text, line } of attachments) {
    const id = info.attributes.get('for') ?? '';
    const problems = checkAttributes(
      `"${kind}"`,
      info.attributes,
      kind === 'check' ? ['for', 'hint'] : ['for'],
      kind === 'check' ? ['before'] : [],
    );
    const before = info.attributes.get('before');
    if (before !== undefined && before !== 'any')
      problems.push(
        `before="${before}" of "${kind}" means nothing. Write before=any when it may pass before its step has run, or leave it out.`,
      );
    for (const problem of problems) report(line, problem);
    const step = steps.find((each) => each.step.id === id)?.step;
    if (!id) continue;
    if (!step) {
      const known = steps.length
        ? `Its steps are ${listChoices(
            steps.map((each) => each.step.id),
            'and',
          )}.`
        : 'It has no steps.';
      report(line, `"${kind} for=${id}" belongs to a step that this chapter does not have. ${known}`);
    } else if (step[kind] !== null) report(line, `the step "${id}" has a second "${kind}" here. Make them one.`);
    else if (!text.trim())
      report(line, `"${kind} for=${id}" is empty. Write inside the block what it ${kind === 'check' ? 'runs' : 'shows'}.`);
    else if (kind === 'expect') {
      step.expect = text;
      reportPatterns(text, line + 1, report);
    } else step.check = { command: text, hint: info.attributes.get('hint') ?? '', ...(before === 'any' && { before }) };
  }
}

function reportPatterns(sample: string, firstLine: number, report: Report): void {
  for (const [index, line] of sample.split('\n').entries()) {
    try {
      samplePattern(line);
    } catch (error) {
      const reason = (error as Error).message.replace(/^Invalid regular expression: /, '');
      report(firstLine + index, `the regular expression ${line.trim()} cannot be read: ${reason}. Correct it, or write … for what varies.`);
    }
  }
}
