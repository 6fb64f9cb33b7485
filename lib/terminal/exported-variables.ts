/** What a learner has exported in a shell, to be exported again in the one that follows it. */

/** The shell's own bookkeeping. */
const bookkeeping = new Set(['PWD', 'OLDPWD', 'SHLVL', '_', 'SHELLOPTS', 'BASHOPTS']);
/** As `export -p` prints it, in bash 3.2 and later; the value may go over several lines. */
const declaration = /declare -[A-Za-z]+ (\w+)(?:="(?:[^"\\]|\\[\s\S])*"|=\$'(?:[^'\\]|\\[\s\S])*')?\n/y;

/**
 * Commands that turn a shell which started as `before` into one that has the exports of `after`; empty when nothing differs. What was not
 * touched is left alone: the next shell may start with a newer value.
 * @param before what `export -p` printed when the shell started
 * @param after what it printed last
 */
export function changedExports(before: string, after: string): string {
  const [old, current] = [readDeclarations(before), readDeclarations(after)];
  const set = [...current].filter(([name, text]) => old.get(name) !== text).map(([, text]) => text);
  const unset = [...old.keys()].filter((name) => !current.has(name)).map((name) => `unset ${name}\n`);
  return [...set, ...unset].join('');
}

function readDeclarations(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    declaration.lastIndex = at;
    const match = declaration.exec(text);
    if (match) {
      if (!bookkeeping.has(match[1]!)) found.set(match[1]!, match[0]);
      at = declaration.lastIndex;
    } else {
      // Something that cannot be exported to a program, such as an array.
      const next = text.indexOf('\n', at);
      at = next < 0 ? text.length : next + 1;
    }
  }
  return found;
}
