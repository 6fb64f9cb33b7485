// Command lines in the style of Go's flag package, and of the library around it that etcdctl uses.

export interface Flag {
  /** The first one is how the value is looked up; one letter stands behind one dash in help texts. */
  names: [string, ...string[]];
  kind: 'switch' | 'text' | 'number' | 'duration';
  about: string;
  /** What help texts call the value, when not `value`. */
  valueName?: string;
  /** As help texts show it; numbers have 0 by themselves. */
  usual?: string;
}

export interface ParsedFlags {
  /** By the first name of each flag. */
  flags: Map<string, string>;
  words: string[];
  /** What is wrong with the flags, in the words of Go's flag package. */
  error: string | undefined;
}

export const helpFlag: Flag = { names: ['help', 'h'], kind: 'switch', about: 'show help' };

/** The first word that is no flag ends the flags; so does `--`, which is dropped. */
export function parseFlags(line: readonly string[], known: readonly Flag[]): ParsedFlags {
  const parsed: ParsedFlags = { flags: new Map(), words: [], error: undefined };
  const left = [...line];
  while (left.length > 0 && parsed.error === undefined) {
    const word = left.shift()!;
    if (word === '--' || word === '-' || !word.startsWith('-')) {
      parsed.words = word === '--' ? left : [word, ...left];
      break;
    }
    parsed.error = takeFlag(word, left, known, parsed.flags);
  }
  return parsed;
}

/**
 * Puts the flags of a command in front of its words, as in `set KEY VALUE --ttl 60`. What follows a flag goes with it, even
 * behind a switch: so does the library that the real etcdctl uses.
 */
export function flagsFirst(line: readonly string[], known: readonly Flag[]): string[] {
  const [front, rest]: [string[], string[]] = [[], []];
  let mayBeValue = false;
  for (const [index, word] of line.entries()) {
    if (mayBeValue && !isKnown(word, known)) {
      front.push(word);
      mayBeValue = false;
    } else if (word === '--') {
      return [...front, '--', ...rest, ...line.slice(index + 1)];
    } else if (isKnown(word, known)) {
      front.push(word);
      mayBeValue = !word.includes('=');
    } else rest.push(word);
  }
  return [...front, ...rest];
}

function isKnown(word: string, known: readonly Flag[]): boolean {
  const [, name] = /^--?([^-=][^=]*)/.exec(word) ?? [];
  return name !== undefined && findFlag(name, known) !== undefined;
}

function findFlag(name: string, known: readonly Flag[]): Flag | undefined {
  return known.find(({ names }) => names.includes(name));
}

function takeFlag(word: string, left: string[], known: readonly Flag[], flags: Map<string, string>): string | undefined {
  const [, name = '', given] = /^--?([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  const flag = findFlag(name, known);
  if (!flag) return `flag provided but not defined: -${name}`;
  const value = given ?? (flag.kind === 'switch' ? 'true' : left.shift());
  if (value === undefined) return `flag needs an argument: -${name}`;
  if (!syntax[flag.kind].test(value)) {
    return `invalid ${flag.kind === 'switch' ? 'boolean value' : 'value'} ${JSON.stringify(value)} for ${flag.kind === 'switch' ? '' : 'flag '}-${name}: parse error`;
  }
  flags.set(flag.names[0], flag.kind === 'switch' ? String(/^(true|1|t)$/i.test(value)) : value);
  return undefined;
}

const syntax = {
  switch: /^(true|false|TRUE|FALSE|True|False|1|0|t|f|T|F)$/,
  text: /^/,
  number: /^[-+]?\d+$/,
  duration: /^[-+]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$/,
};

const seconds: Record<string, number> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** `1m30s` in milliseconds. */
export function milliseconds(duration: string): number {
  const parts = [...duration.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  return (duration.startsWith('-') ? -1 : 1) * parts.reduce((sum, [, count, name]) => sum + Number(count) * seconds[name!]! * 1000, 0);
}
