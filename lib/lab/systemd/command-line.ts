// The command lines of ExecStart= and its kin: no shell, but words, prefixes and environment variables.
import { IgnoredLine, splitWords, type Words } from './words.ts';

/** One program to run, before environment variables are filled in. */
export interface Command {
  /** Absolute path inside the machine. */
  path: string;
  /** What the program sees as argv[0]: the path, unless the `@` prefix gave another name. */
  name: string;
  /** Without argv[0]. May hold `$X` and `${X}`. */
  arguments: string[];
  /** The `-` prefix: a failure, even a missing program, counts as success. */
  ignoreFailure: boolean;
  /** False with the `:` prefix: `$` stays as it is. */
  expand: boolean;
  /** As the unit file wrote it, for `systemctl status`. */
  written: string;
}

export interface CommandLine {
  commands: Command[];
  warnings: string[];
}

/**
 * Reads the value of an Exec directive: commands, separated by ` ; `. `resolveSpecifiers` is applied to every word.
 * Throws IgnoredLine when systemd would skip the line, another Error when it would refuse the unit; both with its wording.
 */
export function parseCommandLine(value: string, resolveSpecifiers: (word: string) => string): CommandLine {
  const { words, unknownEscapes } = splitCommands(value);
  const warnings = unknownEscapes.map((word) => `Ignoring unknown escape sequences: "${word}"`);
  const commands: Command[] = [];
  let current: { text: string; raw: string }[] = [];
  const finish = () => {
    if (current.length > 0) commands.push(readCommand(current, resolveSpecifiers));
    current = [];
  };
  for (const word of words) {
    if (word.raw === ';') finish();
    else current.push(word.raw === '\\;' ? { text: ';', raw: word.raw } : word);
  }
  finish();
  return { commands, warnings };
}

/** A quote that is not closed spoils the unit once the program's name has been read, unless its failure would not count either. */
function splitCommands(value: string): Words {
  try {
    return splitWords(value);
  } catch (error) {
    const [, prefix] = /^([-@:+!]*)[^\s"']+\s/.exec(value) ?? [];
    if (prefix === undefined || prefix.includes('-')) throw error;
    throw new Error((error as Error).message.replace(', ignoring', ''), { cause: error });
  }
}

function readCommand(words: { text: string; raw: string }[], resolveSpecifiers: (word: string) => string): Command {
  const first = words[0]!.text;
  const prefix = /^[-@:+!]*/.exec(first)?.[0] ?? '';
  const path = resolveSpecifiers(first.slice(prefix.length));
  if (path === '') throw new IgnoredLine(`Empty path in command line, ignoring: '${first}'`);
  if (!path.startsWith('/')) throw new IgnoredLine(`Executable path is not absolute, ignoring: ${path}`);
  if (path.endsWith('/')) throw new IgnoredLine(`Executable path specifies a directory, ignoring: ${path}`);
  const rest = words.slice(1).map((word) => resolveSpecifiers(word.text));
  const ownName = prefix.includes('@');
  if (ownName && !rest[0]) throw new Error(`Empty executable name or zeroeth argument: ${first}`);
  return {
    path,
    name: ownName ? rest[0]! : path,
    arguments: ownName ? rest.slice(1) : rest,
    ignoreFailure: prefix.includes('-'),
    expand: !prefix.includes(':'),
    written: words.map((word) => word.raw).join(' '),
  };
}

/** The arguments (without argv[0]) with `${X}`, `$X` and `$$` replaced, by the rules of systemd.service(5). */
export function expandArguments(command: Command, environment: Readonly<Record<string, string>>): string[] {
  if (!command.expand) return command.arguments;
  return command.arguments.flatMap((word) => expandWord(word, environment));
}

function expandWord(word: string, environment: Readonly<Record<string, string>>): string[] {
  const lookUp = (name: string) => (Object.hasOwn(environment, name) ? environment[name]! : null);
  if (word.length > 1 && word.startsWith('$') && word[1] !== '{' && word[1] !== '$') {
    // A variable that is a word of its own becomes as many words as its value has, none if it is unset.
    return splitValue(lookUp(word.slice(1)) ?? '');
  }
  return [word.replace(/\$\$|\$\{([^}]*)\}/g, (written, name?: string) => (written === '$$' ? '$' : (lookUp(name ?? '') ?? '')))];
}

function splitValue(value: string): string[] {
  try {
    return splitWords(value).words.map((word) => word.text);
  } catch {
    return value.split(/\s+/).filter((word) => word !== ''); // a lone quote in a value is an ordinary character
  }
}
