/**
 * Go's path.Match: `*` and `?` stop at slashes, `[a-z]` and `[^a-z]` are classes, a backslash takes the next sign as it is.
 * A broken pattern matches nothing. The time is at most the product of the lengths.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  const tokens = compile(pattern);
  if (!tokens) return false;
  let [at, from] = [0, 0];
  let retry: { at: number; from: number } | undefined;
  while (from < name.length) {
    const token = tokens[at];
    if (token === '*') {
      retry = { at: at++, from };
    } else if (token?.(name[from]!)) {
      at++;
      from++;
    } else if (retry && name[retry.from] !== '/') {
      // The last star takes one sign more; stars before it need not be tried again.
      retry.from++;
      [at, from] = [retry.at + 1, retry.from];
    } else {
      return false;
    }
  }
  return tokens.slice(at).every((token) => token === '*');
}

type Token = '*' | ((sign: string) => boolean);

/** Every unit is compared with every other, again and again, by a handful of patterns. */
const compiled = new Map<string, Token[] | undefined>();
const mostCompiled = 1000;

function compile(pattern: string): Token[] | undefined {
  const known = compiled.get(pattern);
  if (known) return known;
  const tokens = tokenize(pattern);
  if (compiled.size >= mostCompiled) compiled.clear();
  compiled.set(pattern, tokens);
  return tokens;
}

function tokenize(pattern: string): Token[] | undefined {
  const tokens: Token[] = [];
  const parts = /\*|\?|\[(\^?)((?:\\.|[^\]\\])+)\]|\\?(.)/gsy;
  while (parts.lastIndex < pattern.length) {
    const match = parts.exec(pattern);
    if (!match || match[0] === '\\' || match[0] === '[') return undefined;
    const [text, inverted, set, plain] = match;
    if (text === '*') tokens.push('*');
    else if (text === '?') tokens.push((sign) => sign !== '/');
    else if (set !== undefined) tokens.push(classOf(set, inverted === '^'));
    else tokens.push((sign) => sign === plain);
  }
  return tokens;
}

function classOf(set: string, inverted: boolean): Token {
  const ranges = [...set.matchAll(/(\\.|[^\\])(?:-(\\.|[^\\]))?/gs)].map(
    ([, low = '', high = low]) => [low.at(-1)!, high.at(-1)!] as const,
  );
  return (sign) => ranges.some(([low, high]) => sign >= low && sign <= high) !== inverted;
}
