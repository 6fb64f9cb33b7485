// Command lines in Go's style: `-name value`, `--name=value`, switches without a value, `--` ends the flags.

export type FlagKind = 'switch' | 'text' | 'number';

export interface ParsedFlags {
  flags: Map<string, string>;
  words: string[];
  /** What is wrong with the flags, in the words of Go's flag package. */
  error: string | undefined;
}

/**
 * @param kinds which flags there are; aliases are names of their own
 * @param mixed flags may follow words, as in `set KEY VALUE --ttl 60`; else the first word ends them
 */
export function parseFlags(line: readonly string[], kinds: Record<string, FlagKind>, mixed: boolean): ParsedFlags {
  const parsed: ParsedFlags = { flags: new Map(), words: [], error: undefined };
  const left = [...line];
  while (left.length > 0 && parsed.error === undefined) {
    const word = left.shift()!;
    if (word === '--' || (!mixed && !isFlag(word))) {
      parsed.words.push(...(word === '--' ? left : [word, ...left]));
      break;
    }
    if (isFlag(word)) parsed.error = takeFlag(word, left, kinds, parsed.flags);
    else parsed.words.push(word);
  }
  return parsed;
}

function isFlag(word: string): boolean {
  return word.startsWith('-') && word !== '-';
}

function takeFlag(word: string, left: string[], kinds: Record<string, FlagKind>, flags: Map<string, string>): string | undefined {
  const [, name = '', given] = /^--?([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (!kind) return `flag provided but not defined: -${name}`;
  const value = given ?? (kind === 'switch' ? 'true' : left.shift());
  if (value === undefined) return `flag needs an argument: -${name}`;
  if (kind === 'number' && !/^-?\d+$/.test(value)) return `invalid value "${value}" for flag -${name}: parse error`;
  if (kind === 'switch' && !/^(true|false|1|0|t|f)$/i.test(value)) return `invalid boolean value "${value}" for -${name}: parse error`;
  flags.set(name, kind === 'switch' ? String(/^(true|1|t)$/i.test(value)) : value);
  return undefined;
}
