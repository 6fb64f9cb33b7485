// The command of a container: what it may be, and its words for a Node that runs outside of the container's root.
import { stat } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { ApiError } from './api-error.ts';

/** Options of `node` that take the next word as their value. */
const nodeOptionsWithValue = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
  '--conditions',
  '--env-file',
]);
/** With these, the program stands in the command line and no file is run. */
const inlineOptions = new Set(['-e', '--eval', '-p', '--print', '-pe', '-v', '--version', '-h', '--help', '-i', '-']);

/** Docker's errors, which its client turns into the exit statuses 126 and 127, for everything but `node`. */
export async function checkCommand(argv: string[], root: string): Promise<void> {
  const program = argv[0] ?? '';
  if (basename(program) === 'node' && (program === 'node' || /^\/usr(?:\/local)?\/bin\/node$/.test(program))) return;
  const found = program.includes('/') ? await stat(join(root, posix.join('/', program))).catch(() => null) : null;
  const detail = found
    ? found.isDirectory()
      ? 'is a directory'
      : 'permission denied'
    : program.includes('/')
      ? `stat ${program}: no such file or directory`
      : 'executable file not found in $PATH';
  throw new ApiError(
    400,
    `failed to create task for container: unable to start container process: exec: ${JSON.stringify(program)}: ${detail}: unknown (the lab's containers have no other program than node)`,
  );
}

/** Without a sandbox: the script's path is the one word that Node itself would look up outside of the root. */
export function plainArguments(argv: string[], root: string): string[] {
  const words = argv.slice(1);
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (inlineOptions.has(word) || word.startsWith('--eval=') || word.startsWith('--print=')) return words;
    if (nodeOptionsWithValue.has(word)) index++;
    else if (!word.startsWith('-')) {
      return word.startsWith('/') ? words.with(index, join(root, posix.normalize(word))) : words;
    }
  }
  return words;
}
