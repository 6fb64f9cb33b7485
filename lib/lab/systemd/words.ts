// Splitting a value into words: quotes, C escapes; shared by command lines, Environment= and lists of units.

export interface Word {
  text: string;
  /** As written, quotes and escapes included. */
  raw: string;
}

export interface Words {
  words: Word[];
  /** Words with an escape sequence that systemd does not know; it stays as it is. */
  unknownEscapes: string[];
}

/** The line is skipped with a warning and the unit still loads; any other Error means that the unit cannot be loaded. */
export class IgnoredLine extends Error {}

/** Splits at white space outside quotes. Throws IgnoredLine when a quote is not closed. */
export function splitWords(text: string): Words {
  const found: Words = { words: [], unknownEscapes: [] };
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text[at]!)) at++;
    if (at >= text.length) return found;
    const word = readWord(text, at);
    if (word.unknownEscape) found.unknownEscapes.push(word.text);
    found.words.push({ text: word.text, raw: text.slice(at, word.end) });
    at = word.end;
  }
}

/** The words of a value that is split without escapes and expansions, such as `After=a.service b.service`. */
export function splitPlain(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function readWord(text: string, start: number): { text: string; end: number; unknownEscape: boolean } {
  let at = start;
  let quote: string | null = null;
  let out = '';
  let unknownEscape = false;
  for (; at < text.length; at++) {
    const character = text[at]!;
    if (quote === null && isSpace(character)) break;
    if (character === '\\') {
      const escaped = readEscape(text, at);
      unknownEscape ||= escaped === null;
      out += escaped?.text ?? text.slice(at, at + 2);
      at += (escaped?.length ?? 2) - 1;
    } else if (quote === null && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = null;
    else out += character;
  }
  if (quote !== null) throw new IgnoredLine(`Unbalanced quoting, ignoring: "${text}"`);
  return { text: out, end: Math.min(at, text.length), unknownEscape };
}

const simpleEscapes: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  s: ' ',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** `length` counts from the backslash. Null: not an escape that systemd knows. */
function readEscape(text: string, at: number): { text: string; length: number } | null {
  const letter = text[at + 1] ?? '';
  if (Object.hasOwn(simpleEscapes, letter)) return { text: simpleEscapes[letter]!, length: 2 };
  const numeric = /^\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([0-7]{3}))/i.exec(text.slice(at, at + 10));
  if (!numeric) return null;
  const [all, byte, short, long, octal] = numeric;
  const code = octal === undefined ? Number.parseInt(byte ?? short ?? long ?? '', 16) : Number.parseInt(octal, 8);
  // A NUL cannot be part of an argument, and there is nothing above U+10FFFF.
  if (code === 0 || code > 0x10ffff) return null;
  return { text: String.fromCodePoint(code), length: all.length };
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r';
}
