// Whether bubblewrap can keep the lab's machines and containers apart from the computer: tried, not guessed.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The program to run, or why programs of the lab run without a sandbox: a sentence for the learner. */
export type Bubblewrap = { program: string } | { reason: string };

const tryMs = 5000;

/**
 * Looks for `bwrap` on `path` (as in $PATH) and starts it once with every namespace that the lab asks for.
 * It may be installed and yet refused: inside a container, or where the system forbids user namespaces.
 */
export async function findBubblewrap(path: string): Promise<Bubblewrap> {
  if (process.platform !== 'linux') return { reason: 'bubblewrap exists on Linux only' };
  const trial = ['--unshare-all', '--die-with-parent', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', 'true'];
  try {
    await promisify(execFile)('bwrap', trial, { env: { PATH: path } as unknown as NodeJS.ProcessEnv, timeout: tryMs });
    return { program: 'bwrap' };
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT') return { reason: 'bubblewrap is not installed (Debian, Ubuntu, Fedora: the package bubblewrap)' };
    return { reason: `bubblewrap does not work here: ${stderr?.trim().split('\n').at(-1) || (error as Error).message}` };
  }
}
