// The format of EnvironmentFile=: assignments, comments, quotes; not a shell script.

export const environmentName = /^[A-Za-z_][A-Za-z0-9_]*$/;

export interface EnvironmentFile {
  /** Without a prototype, so that every name is an ordinary one. */
  variables: Record<string, string>;
  /** Lines that are no assignments, `export X=1` among them. */
  ignored: string[];
}

export function parseEnvironmentFile(text: string): EnvironmentFile {
  const file: EnvironmentFile = { variables: Object.create(null) as Record<string, string>, ignored: [] };
  let at = 0;
  while (at < text.length) {
    const line = /^[^\n]*/.exec(text.slice(at, at + maxLine))![0];
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) {
      at += line.length + 1;
      continue;
    }
    const equals = line.indexOf('=');
    const name = line.slice(0, Math.max(0, equals)).trim();
    if (!environmentName.test(name)) {
      file.ignored.push(trimmed);
      at += line.length + 1;
      continue;
    }
    const value = readValue(text, at + equals + 1);
    file.variables[name] = value.text;
    at = value.end;
  }
  return file;
}

const maxLine = 64 * 1024;

/** Reads up to the end of the line, over newlines that are quoted or follow a backslash. */
function readValue(text: string, start: number): { text: string; end: number } {
  let out = '';
  let quote: string | null = null;
  /** Blanks before this length are the value's own, because they were quoted or something follows them. */
  let kept = 0;
  let at = start;
  while (at < text.length && (text[at] === ' ' || text[at] === '\t')) at++;
  for (; at < text.length; at++) {
    const character = text[at]!;
    if (character === '\n' && quote === null) break;
    if (character === '\\' && quote !== "'") {
      at++;
      const next = text[at] ?? '';
      if (next !== '\n') out += quote === '"' && !'"\\`$'.includes(next) ? `\\${next}` : next;
      kept = out.length;
    } else if (quote === null && (character === '"' || character === "'")) {
      quote = character;
    } else if (character === quote) {
      quote = null;
      kept = out.length;
    } else {
      out += character;
      if (quote !== null || !/\s/.test(character)) kept = out.length;
    }
  }
  return { text: out.slice(0, kept), end: at + 1 };
}
