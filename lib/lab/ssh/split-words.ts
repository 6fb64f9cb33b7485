/**
 * The words of a command line with the shell's quotes taken off: fleetctl writes `journalctl "--unit" "x.service"`.
 * Null for anything that only a shell understands (expansions, redirections, several commands).
 */
export function splitWords(command: string): string[] | null {
  const words: string[] = [];
  let rest = command.trim();
  while (rest !== '') {
    const word = rest.match(/^(?:[\w@%+=:,./-]+|"[^"\\$`]*"|'[^']*')+/)?.[0];
    if (word === undefined) return null;
    words.push(word.replaceAll(/["']/g, ''));
    const next = rest.slice(word.length);
    if (next !== '' && !/^\s/.test(next)) return null;
    rest = next.trimStart();
  }
  return words;
}
