/** Fills `{{variables}}` into a step's command, so that a value is always one word for the shell, whatever it holds. */
import { fail, type Result, succeed } from '#lib/shared/result.ts';

const placeholder = /\{\{\s*([\w.-]+)\s*\}\}/g;
/** No shell gives these characters a meaning, inside quotes or outside. */
const harmless = /^[\w./:@%+,=-]+$/;

export function substituteVariables(command: string, variables: Record<string, string>): Result<string> {
  const unknown = new Set<string>();
  const text = command.replace(placeholder, (whole, name: string, at: number) => {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value === undefined) {
      unknown.add(name);
      return whole;
    }
    return harmless.test(value) ? value : requote(value, openQuote(command.slice(0, at)));
  });
  if (unknown.size === 0) return succeed(text);
  const names = [...unknown].map((name) => `{{${name}}}`).join(' and ');
  return fail(`The step needs ${names}, which is not known yet. Run the step that provides it first.`);
}

/** In the middle of a quoted string, the quotes are closed around the value and opened again. */
function requote(value: string, quote: string): string {
  return `${quote}'${value.replaceAll("'", "'\\''")}'${quote}`;
}

/** The quote that is open at the end of `text`; empty when none is. */
function openQuote(text: string): string {
  let open = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '\\' && open !== "'") at += 1;
    else if (open === '' && (character === "'" || character === '"')) open = character;
    else if (character === open) open = '';
  }
  return open;
}
