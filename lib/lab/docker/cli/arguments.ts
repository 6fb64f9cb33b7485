// Command lines the way docker reads them: `-it`, `-p 80:80`, `-p=80:80`, `--name x`, `--name=x`.
import { CommandError } from './command-error.ts';

/** By long name: a letter for the short form, and whether a value follows. */
export type Flags = Record<string, { short?: string; value?: true }>;

export interface Arguments {
  /** Whether the flag was given. */
  has(name: string): boolean;
  /** The last value of the flag, or undefined. */
  value(name: string): string | undefined;
  values(name: string): string[];
  words: string[];
}

/** @param wordsEndFlags for `run` and `exec`: what follows the first word belongs to the program inside */
export function parseArguments(command: string, args: string[], flags: Flags, wordsEndFlags = false): Arguments {
  const given = new Map<string, string[]>();
  const words: string[] = [];
  const add = (name: string, value: string) => void given.set(name, [...(given.get(name) ?? []), value]);
  const rest = [...args];
  const unknown = (flag: string) => new CommandError(`unknown flag: ${flag}\nSee 'docker ${command} --help'.`, 125);

  function takeFlag(name: string, shown: string, attached: string | undefined): void {
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (!flag) throw unknown(shown);
    const value = attached ?? (flag.value ? rest.shift() : 'true');
    if (value === undefined) throw new CommandError(`flag needs an argument: ${shown}\nSee 'docker ${command} --help'.`, 125);
    add(name, value);
  }

  while (rest.length > 0) {
    const word = rest.shift()!;
    if (word === '--') words.push(...rest.splice(0));
    else if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const name = equals === -1 ? word.slice(2) : word.slice(2, equals);
      takeFlag(name, `--${name}`, equals === -1 ? undefined : word.slice(equals + 1));
    } else if (word.startsWith('-') && word.length > 1) {
      for (let letters = word.slice(1); letters; ) {
        const letter = letters[0]!;
        const name = Object.keys(flags).find((long) => flags[long]!.short === letter);
        const after = letters.slice(1);
        if (!name) throw unknown(`-${letter}`);
        const takesRest = flags[name]!.value === true || after.startsWith('=');
        takeFlag(name, `-${letter}`, takesRest && after ? after.replace(/^=/, '') : undefined);
        letters = takesRest ? '' : after;
      }
    } else {
      words.push(word);
      if (wordsEndFlags) words.push(...rest.splice(0));
    }
  }
  return {
    has: (name) => given.get(name)?.at(-1) !== undefined && given.get(name)!.at(-1) !== 'false',
    value: (name) => given.get(name)?.at(-1),
    values: (name) => given.get(name) ?? [],
    words,
  };
}

/** At least `minimum` words, or Docker's complaint. */
export function requireWords(command: string, words: string[], minimum: number, maximum = Number.POSITIVE_INFINITY): void {
  if (words.length >= minimum && words.length <= maximum) return;
  const count = minimum === maximum ? `exactly ${minimum}` : words.length < minimum ? `at least ${minimum}` : `at most ${maximum}`;
  const noun = (words.length < minimum ? minimum : maximum) === 1 ? 'argument' : 'arguments';
  throw new CommandError(`"docker ${command}" requires ${count} ${noun}.\nSee 'docker ${command} --help'.`);
}
