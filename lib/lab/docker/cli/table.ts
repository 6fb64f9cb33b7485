// Output of the listing commands: Docker's tables, and the part of Go's templates that people use.
import { CommandError } from './command-error.ts';

/** Columns are at least ten wide, with three spaces between; the last one is not filled up. */
export function formatTable(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(10, ...rows.map((row) => row[column]!.length + 3)));
  const line = (row: string[]) => row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!))).join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}

/** `{{.Name}}`, `{{.State.Status}}` and `{{json .}}`; anything else of Go's templates is refused. */
export function formatTemplate(template: string, value: unknown): string {
  if (template === 'json') return JSON.stringify(value);
  return template
    .replace(/\\t/g, '\t')
    .replace(/\\n/g, '\n')
    .replace(/\{\{(.*?)\}\}/g, (whole, inside: string) => {
      const match = /^\s*(json\s+)?((?:\.\w+)+|\.)\s*$/.exec(inside);
      if (!match) throw new CommandError(`The template ${whole} is not understood here; {{.Name}}, {{.State.Status}} and {{json .}} are.`);
      const found = lookUp(value, match[2]!.split('.').filter(Boolean), whole);
      return match[1] || typeof found === 'object' ? JSON.stringify(found) : String(found);
    });
}

function lookUp(value: unknown, path: string[], whole: string): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) {
      throw new CommandError(`template parsing error: ${whole}: there is no field ${name}`);
    }
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}
