import { type Step, type TerminalName, terminalNames } from '#lib/shared/chapter.ts';
import { parseDuration } from './duration.ts';
import { checkAttributes } from './info-string.ts';
import { listChoices, type Report } from './problems.ts';

/** Seconds. Enough for a clone or a stop; steps that wait for more say so themselves. */
const defaultTimeout = 60;
const idPattern = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** The step that a `run` block describes, or null when its opening line cannot be understood. `expect` and `check` blocks come later. */
export function parseStep(attributes: Map<string, string>, command: string, line: number, report: Report): Step | null {
  const id = attributes.get('id') ?? '';
  const name = id ? `the step "${id}"` : 'the step';
  const problems = checkAttributes(name, attributes, ['id', 'title'], ['in', 'timeout', 'undo', 'requires', 'ask', 'answer', 'until']);
  const problem = (text: string) => problems.push(text);
  if (id && !idPattern.test(id))
    problem(`the step id "${id}" cannot be part of an address. Use small letters, digits and single dashes, such as cluster-up.`);
  if (!command.trim()) problem(`${name} has no command. Write it inside the block.`);
  if (/^\s*\$ /m.test(command)) problem(`${name} has a line that begins with the prompt "$ ". Write the command alone.`);

  const terminal = attributes.get('in') ?? 'shell';
  if (!isTerminal(terminal))
    problem(
      `${name} wants the terminal "${terminal}", which does not exist. Use ${listChoices(terminalNames.map((each) => `in=${each}`))}.`,
    );
  const timeoutText = attributes.get('timeout');
  const timeout = timeoutText === undefined ? defaultTimeout : parseDuration(timeoutText);
  if (timeout === undefined)
    problem(`timeout="${timeoutText}" of ${name} is not a duration. Write it like 30s, 5m or 1h (a day at most), or timeout=never.`);
  const [ask, answer] = [attributes.get('ask'), attributes.get('answer')];
  if (ask && !answer) problem(`${name} names the question "${ask}" without its answer. Add answer=.`);
  if (answer && !ask) problem(`${name} has the answer "${answer}" without its question. Add ask= with the text that the program prints.`);

  for (const text of problems) report(line, text);
  if (problems.length > 0 || !isTerminal(terminal) || timeout === undefined) return null;
  return {
    id,
    title: attributes.get('title')!,
    command: command.trimEnd(),
    terminal,
    timeout,
    question: ask && answer ? { text: ask, answer } : null,
    until: attributes.get('until') ?? null,
    undo: attributes.get('undo') ?? null,
    requires:
      attributes
        .get('requires')
        ?.split(/[\s,]+/)
        .filter(Boolean) ?? [],
    expect: null,
    check: null,
  };
}

function isTerminal(name: string): name is TerminalName {
  return (terminalNames as readonly string[]).includes(name);
}
