import { load, YAMLException } from 'js-yaml';
import { z } from 'zod';
import { diagramParts } from '#lib/shared/chapter.ts';
import { listChoices, type Report } from './problems.ts';

const schema = z.strictObject({
  title: z.string().trim().min(1).max(120),
  summary: z.string().trim().min(1).max(400),
  minutes: z.number().int().min(1).max(240).optional(),
  focus: z.enum(diagramParts).optional(),
  requires: z.array(z.string()).max(100).optional(),
});

export type FrontMatter = z.infer<typeof schema>;

const expected: Record<string, string> = {
  title: 'a line of text, at most 120 characters',
  summary: 'a sentence or two, at most 400 characters',
  minutes: 'a whole number from 1 to 240',
  focus: listChoices(diagramParts),
  requires: 'a list of step ids',
};

/** Splits off the YAML between the `---` lines that open a chapter. `bodyLine` is the 1-based line where the Markdown begins. */
export function readFrontMatter(text: string, report: Report): { frontMatter: FrontMatter; body: string; bodyLine: number } | null {
  const lines = text.split('\n');
  const end = lines.indexOf('---', 1);
  if (lines[0] !== '---' || end < 0) {
    report(1, 'the chapter has no front matter. Begin the file with a line "---", then title: and summary:, then a line "---".');
    return null;
  }
  const frontMatter = parseFields(lines.slice(1, end), report);
  return frontMatter && { frontMatter, body: lines.slice(end + 1).join('\n'), bodyLine: end + 2 };
}

function parseFields(lines: string[], report: Report): FrontMatter | null {
  const parsed = schema.safeParse(parseYaml(lines, report));
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        report(
          lineOf(key, lines),
          `the front matter has the unknown field "${key}". It takes ${listChoices(Object.keys(expected), 'and')}.`,
        );
      }
    } else {
      const field = String(issue.path[0] ?? '');
      if (field) report(lineOf(field, lines), `the front matter needs "${field}" to be ${expected[field]}.`);
    }
  }
  return null;
}

function parseYaml(lines: string[], report: Report): unknown {
  try {
    const fields = load(lines.join('\n'));
    if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) return fields;
    report(2, 'the front matter is not a list of fields. Write one "name: value" a line, such as "title: Vagrant".');
  } catch (error) {
    const line = error instanceof YAMLException ? (error.mark?.line ?? 0) : 0;
    const reason = error instanceof YAMLException ? error.reason : String(error);
    report(line + 2, `the front matter is not valid YAML: ${reason}. Quote a value that holds a colon or begins with a special character.`);
  }
  return null;
}

/** The front matter's first line is the file's second. */
function lineOf(field: string, lines: string[]): number {
  const index = lines.findIndex((line) => line.startsWith(`${field}:`));
  return index < 0 ? 1 : index + 2;
}
