// The grammar of unit files: sections, assignments, comments, continued lines.

export interface UnitFile {
  /** Every assignment of a known section in the file's order, the last line's included. Values are trimmed, not unquoted. */
  assignments: Assignment[];
  problems: Problem[];
}

export interface Assignment {
  section: string;
  key: string;
  value: string;
  /** 1-based line where the assignment begins. */
  line: number;
  /** The drop-in that it stands in; the unit's own file has none. */
  path?: string;
}

/** `warning`: the line is ignored. `error`: the unit cannot be loaded. `line` is null when the fault is not in one line. */
export interface Problem {
  severity: 'warning' | 'error';
  line: number | null;
  message: string;
  /** The drop-in that it stands in; the unit's own file has none. */
  path?: string;
}

/** More than any real unit needs; keeps the time to read hostile input small. */
const maxUnitSize = 1024 * 1024;

/** Reads a unit file. Never throws: what is wrong is listed, with systemd's own wording and the line. */
export function parseUnit(text: string, path?: string): UnitFile {
  const unit: UnitFile = { assignments: [], problems: [] };
  const place = path === undefined ? {} : { path };
  if (Buffer.byteLength(text) > maxUnitSize) {
    unit.problems.push({ severity: 'error', line: null, message: 'The unit file is larger than 1 MiB. Refusing.', ...place });
    return unit;
  }
  // undefined: before the first section; null: a section whose content is ignored
  let section: string | null | undefined;
  for (const { line, text: content } of logicalLines(text)) {
    const warn = (message: string) => unit.problems.push({ severity: 'warning', line, message, ...place });
    if (content.startsWith('[')) {
      if (!content.endsWith(']')) {
        unit.problems.push({ severity: 'error', line, message: `Invalid section header '${content}'`, ...place });
        return unit;
      }
      section = knownSection(content.slice(1, -1));
      if (section === null && !content.startsWith('[X-')) warn(`Unknown section '${content.slice(1, -1)}'. Ignoring.`);
      continue;
    }
    if (section === null) continue;
    if (section === undefined) {
      warn('Assignment outside of section. Ignoring.');
      continue;
    }
    const equals = content.indexOf('=');
    if (equals < 0) warn("Missing '=', ignoring line.");
    else if (equals === 0) warn("Missing key name before '=', ignoring line.");
    else {
      const [key, value] = [content.slice(0, equals).trimEnd(), content.slice(equals + 1).trimStart()];
      unit.assignments.push({ section, key, value, line, ...place });
    }
  }
  return unit;
}

function knownSection(name: string): string | null {
  return name === 'Unit' || name === 'Service' || name === 'Install' ? name : null;
}

/**
 * Lines without comments and blank lines, continued lines joined: the backslash and the line's end become one space, and a
 * comment between the parts is left out.
 */
function* logicalLines(text: string): Generator<{ line: number; text: string }> {
  let parts: string[] = [];
  let start = 0;
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  for (const [index, raw] of lines.entries()) {
    const trimmed = raw.trim();
    if (trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    if (parts.length === 0) start = index + 1;
    const content = raw.replace(/\r$/, '');
    if (isContinued(content)) {
      parts.push(`${content.slice(0, -1)} `);
      continue;
    }
    const joined = [...parts, content].join('').trim();
    parts = [];
    if (joined !== '') yield { line: start, text: joined };
  }
  const rest = parts.join('').trim();
  if (rest !== '') yield { line: start, text: rest };
}

/** An odd number of backslashes: with an even one, the last is itself escaped. */
function isContinued(line: string): boolean {
  let backslashes = 0;
  for (let at = line.length - 1; at >= 0 && line[at] === '\\'; at--) backslashes++;
  return backslashes % 2 === 1;
}
