import { listChoices } from './problems.ts';

/** What stands behind the opening of a code block or container: bare words, then `name=value` and `name="quoted value"`. */
export interface InfoString {
  words: string[];
  attributes: Map<string, string>;
}

// The alternatives start with different characters, so this takes linear time.
const part = /\s*(?:([A-Za-z][\w-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))|([^\s="]+))(?=\s|$)/y;

/** Inside quotes `\"` and `\\` are escapes; any other backslash is itself, as regular expressions need many. Returns a sentence for what cannot be read. */
export function parseInfoString(text: string): InfoString | string {
  const info: InfoString = { words: [], attributes: new Map() };
  const trimmed = text.trim();
  part.lastIndex = 0;
  while (part.lastIndex < trimmed.length) {
    const start = part.lastIndex;
    const match = part.exec(trimmed);
    if (!match) return `"${trimmed.slice(start).trim()}" cannot be read. Write attributes as name=value, or name="a value with spaces".`;
    const [, name, quoted, plain, word] = match;
    if (word !== undefined) info.words.push(word);
    else if (info.attributes.has(name!)) return `the attribute "${name}" stands there twice. Remove one of them.`;
    else info.attributes.set(name!, quoted?.replace(/\\(["\\])/g, '$1') ?? plain ?? '');
  }
  return info;
}

/** A sentence for each attribute that `thing` does not have, and for each that it lacks. */
export function checkAttributes(
  thing: string,
  attributes: Map<string, string>,
  required: readonly string[],
  optional: readonly string[] = [],
) {
  const known = [...required, ...optional];
  const takes = known.length ? `It takes ${listChoices(known, 'and')}.` : 'It takes none.';
  const unknown = [...attributes.keys()].filter((name) => !known.includes(name));
  const missing = required.filter((name) => !attributes.get(name)?.trim());
  return [
    ...unknown.map((name) => `${thing} has the unknown attribute "${name}". ${takes}`),
    ...missing.map((name) => `${thing} lacks ${name}=. Add it to the line that opens it.`),
  ];
}
