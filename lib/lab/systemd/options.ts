// Command-line options as systemctl and journalctl take them: mixed with words, short ones joined, `--name=value`.

/** What an option takes: nothing, a value, several of them one by one, or a value only if one is joined to it or follows and fits the pattern. */
export type OptionKind = 'flag' | 'value' | 'values' | { optional: RegExp };

export interface Options {
  /** By long name. A flag has the empty text; several values stand one to a line. */
  given: Map<string, string>;
  words: string[];
}

/** `names` maps each spelling, `-u` and `--unit`, to the name it is kept under; `kinds` says what that takes, a flag by default. */
export function readOptions(argv: string[], names: Record<string, string>, kinds: Record<string, OptionKind>): Options {
  const given = new Map<string, string>();
  const words: string[] = [];
  const rest = [...argv];
  while (rest.length > 0) {
    const word = rest.shift()!;
    if (word === '--') words.push(...rest.splice(0));
    else if (word.startsWith('--')) readLong(word);
    else if (word.startsWith('-') && word !== '-') readShort(word.slice(1));
    else words.push(word);
  }
  return { given, words };

  function readLong(word: string) {
    const equals = word.indexOf('=');
    const spelling = equals < 0 ? word : word.slice(0, equals);
    take(spelling, equals < 0 ? null : word.slice(equals + 1), `unrecognized option '${spelling}'`);
  }

  function readShort(letters: string) {
    for (let at = 0; at < letters.length; at++) {
      const spelling = `-${letters[at]}`;
      const joined = letters.slice(at + 1);
      const consumed = take(spelling, joined === '' ? null : joined, `invalid option -- '${letters[at]}'`);
      if (consumed) return;
    }
  }

  /** Answers whether the joined text was used up. */
  function take(spelling: string, joined: string | null, complaint: string): boolean {
    const name = Object.hasOwn(names, spelling) ? names[spelling]! : null;
    if (name === null) throw new Error(complaint);
    const kind = kinds[name] ?? 'flag';
    if (kind === 'flag') {
      if (joined !== null && spelling.startsWith('--')) throw new Error(`option '${spelling}' doesn't allow an argument`);
      given.set(name, '');
      return false;
    }
    if (kind === 'value' || kind === 'values') {
      const value = joined ?? rest.shift();
      if (value === undefined) throw new Error(`option '${spelling}' requires an argument`);
      const before = kind === 'values' ? given.get(name) : undefined;
      given.set(name, before === undefined ? value : `${before}\n${value}`);
    } else if (joined !== null) given.set(name, joined);
    else given.set(name, rest[0] !== undefined && kind.optional.test(rest[0]) ? rest.shift()! : '');
    return true;
  }
}
