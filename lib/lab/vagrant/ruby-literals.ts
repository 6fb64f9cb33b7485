/** Reads the part of Ruby that config.rb needs: `$name = literal`, comments, and nothing that would have to be executed. */

export type RubyValue = string | number | boolean | null | RubyValue[] | Map<RubyValue, RubyValue>;

export interface RubyAssignment {
  name: string;
  value: RubyValue;
  /** Where it stands, from 1. */
  line: number;
}

/** What a file holds that is not a literal assignment. */
export class RubyError extends Error {
  override readonly name = 'RubyError';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** More than a settings file ever needs; deeper nesting could only be an attack on the stack. */
const maximumDepth = 20;

/** The assignments of a file, in order. Throws RubyError at the first thing that is not one. */
export function parseAssignments(source: string): RubyAssignment[] {
  const reader = new Reader(source);
  const assignments: RubyAssignment[] = [];
  for (;;) {
    reader.skip(/(?:[ \t\r\n;]|#[^\n]*|\\\r?\n)*/y);
    if (reader.take(/=begin\b[\s\S]*?^=end\b[^\n]*/my) !== null) continue;
    if (reader.ended || reader.take(/__END__\s*$/my) !== null) return assignments;
    const line = reader.line;
    const name = reader.take(/\$[A-Za-z_]\w*/y);
    if (name === null) throw new RubyError(line, `${reader.quote()} is not understood.`);
    reader.skip(/[ \t]*/y);
    if (reader.take(/=(?![=~>])/y) === null) throw new RubyError(line, `${name} is used, but nothing is assigned to it.`);
    reader.skip(/\s*/y);
    const value = readValue(reader, 0);
    reader.skip(/[ \t]*/y);
    if (reader.take(/(?=[\r\n;#]|$(?![\s\S]))/y) === null) {
      throw new RubyError(line, `after the value of ${name} stands ${reader.quote()}, which is not understood.`);
    }
    assignments.push({ name, value, line });
  }
}

function readValue(reader: Reader, depth: number): RubyValue {
  if (depth > maximumDepth) throw new RubyError(reader.line, `values are nested more than ${maximumDepth} levels deep.`);
  if (reader.take(/\[/y) !== null) return readList(reader, /\]/y, () => readValue(reader, depth + 1));
  if (reader.take(/\{/y) !== null) return new Map(readList(reader, /\}/y, () => readPair(reader, depth + 1)));
  const text = readString(reader);
  if (text !== null) return text;
  const number = reader.take(/[+-]?\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?(?:e[+-]?\d+)?(?![\w.])/iy);
  if (number !== null) return Number(number.replaceAll('_', ''));
  const word = reader.take(/(?:true|false|nil)(?![\w?!.(])/y);
  if (word !== null) return word === 'nil' ? null : word === 'true';
  const symbol = reader.take(/:[A-Za-z_]\w*(?![\w?!.(])/y);
  if (symbol !== null) return symbol.slice(1);
  throw new RubyError(reader.line, `${reader.quote()} is not a literal.`);
}

function readList<Item>(reader: Reader, end: RegExp, readItem: () => Item): Item[] {
  const items: Item[] = [];
  const blank = /(?:\s|#[^\n]*)*/y;
  reader.skip(blank);
  while (reader.take(end) === null) {
    items.push(readItem());
    reader.skip(blank);
    if (reader.take(/,/y) === null) {
      if (reader.take(end) !== null) break;
      throw new RubyError(reader.line, `a comma or the end of the list is missing before ${reader.quote()}.`);
    }
    reader.skip(blank);
  }
  return items;
}

/** `'key' => value`, `key: value` or `"key": value`. */
function readPair(reader: Reader, depth: number): [RubyValue, RubyValue] {
  const label = reader.take(/[A-Za-z_]\w*:(?!:)/y);
  const key = label === null ? readValue(reader, depth) : label.slice(0, -1);
  reader.skip(/\s*/y);
  if (label === null && reader.take(/=>|:/y) === null) throw new RubyError(reader.line, `=> is missing before ${reader.quote()}.`);
  reader.skip(/\s*/y);
  return [key, readValue(reader, depth)];
}

function readString(reader: Reader): string | null {
  const single = reader.take(/'(?:[^'\\]|\\[\s\S])*'/y);
  if (single !== null) return single.slice(1, -1).replace(/\\(['\\])/g, '$1');
  const line = reader.line;
  const double = reader.take(/"(?:[^"\\]|\\[\s\S])*"/y);
  if (double === null) return null;
  if (/(?<!\\)#[{$@]/.test(double)) throw new RubyError(line, `${double} has something to work out inside (#{…}).`);
  return double.slice(1, -1).replace(/\\(.)/gs, (_, letter: string) => escapes[letter] ?? letter);
}

const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', e: '\x1b', s: ' ', '0': '\0', '\n': '' };

/** A place in the source that patterns (sticky ones) are tried at. */
class Reader {
  readonly #source: string;
  #position = 0;
  #line = 1;

  constructor(source: string) {
    this.#source = source.replace(/^\uFEFF/, '');
  }

  get ended(): boolean {
    return this.#position >= this.#source.length;
  }

  /** The line of the position, from 1. */
  get line(): number {
    return this.#line;
  }

  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#position;
    const text = pattern.exec(this.#source)?.[0] ?? null;
    if (text === null) return null;
    this.#position += text.length;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#line += 1;
    return text;
  }

  skip(pattern: RegExp): void {
    this.take(pattern);
  }

  /** The rest of the line, for a message. */
  quote(): string {
    const rest = this.#source
      .slice(this.#position, this.#position + 200)
      .split('\n')[0]!
      .trim();
    if (rest === '') return 'the end of the line';
    return `\`${rest.length > 60 ? `${rest.slice(0, 59)}…` : rest}\``;
  }
}
