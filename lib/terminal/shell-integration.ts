/** Prepares a private directory from which bash starts with our integration, and writes steps into it. */
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bashRc, quote, restoreScript, type StartHook, stepScript } from './bash-rc.ts';
import { changedExports } from './exported-variables.ts';

export interface PreparedShell {
  args: string[];
  /** Signs the marks of this shell. */
  nonce: string;
  /** Writes the start-up file again, for a bash that has taken the shell's place; answers with what to type. */
  adopt(): string;
  /** Removes the start-up file if the shell did not get so far. */
  forget(): Promise<void>;
}

export interface ShellOptions {
  startHook?: StartHook | undefined;
  /** What the shell before this one had exported, as commands. */
  exports?: string;
}

/** Far more than anybody exports; an environment that no program can be started with is not worth keeping. */
const longestExports = 256 * 1024;

/**
 * @param directory made if it is missing, 0700; holds the start-up file until the shell has read it
 */
export async function prepareShell(directory: string, { startHook, exports = '' }: ShellOptions = {}): Promise<PreparedShell> {
  await mkdir(join(directory, 'steps'), { recursive: true, mode: 0o700 });
  const nonce = randomBytes(16).toString('hex');
  const rc = join(directory, 'rc');
  await rm(rc, { force: true });
  await Promise.all([
    // `wx`: never into a file or through a link that somebody else has put there.
    writeFile(rc, bashRc(directory, nonce, { startHook }), { mode: 0o600, flag: 'wx' }),
    writeFile(join(directory, 'exports'), exports, { mode: 0o600 }),
    writeFile(join(directory, 'step'), stepScript, { mode: 0o600 }),
    writeFile(join(directory, 'restore'), restoreScript, { mode: 0o600 }),
  ]);
  return {
    args: ['--rcfile', rc, '-i'],
    nonce,
    adopt() {
      writeFileSync(rc, bashRc(directory, nonce, { startHook, adopted: true }), { mode: 0o600 });
      return ` . ${quote(rc)}`;
    },
    forget: () => rm(rc, { force: true }),
  };
}

/** What the shell has exported beyond what it started with, as commands; empty when that is not known. */
export function readExports(directory: string): string {
  try {
    const files = ['base', 'environment'].map((name) => join(directory, name));
    if (files.some((file) => statSync(file).size > longestExports)) return '';
    const [before, after] = files.map((file) => readFileSync(file, 'utf8'));
    return changedExports(before!, after!);
  } catch {
    return ''; // it ended before its first prompt
  }
}

/** Longer lines are sourced from a file: some systems corrupt a paste of more than 1 kB. */
const longestTyped = 400;

/**
 * What to type for a step: the command as it stands when it is one plain line, else `step NAME` after writing the block to a file.
 * Tabs would complete, `!` would expand from the history, and bash before 4.4 does not notice the start of a bare `( … )`.
 */
export function typeable(directory: string, name: string, command: string): string {
  const text = command.trim();
  const plain = text.length <= longestTyped && !/[\x00-\x1f\x7f]|![^\s=(]|^\(/.test(text);
  if (plain) return text;
  const file = name.replace(/[^\w.-]/g, '-').replace(/^[.-]+/, '') || 'block';
  // One group, or bash would go on with the next line after an error of expansion, such as an unset variable under `set -u`.
  writeFileSync(join(directory, 'steps', file), `{ ${text}\n}\n`, { mode: 0o600 });
  return `step ${file}`;
}
