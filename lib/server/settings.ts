import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';

/** Everything that the command line and the environment decide; nothing else reads `process.env` or `process.argv`. */
export interface Settings {
  dev: boolean;
  /** The project's directory. */
  root: string;
  /** Where the bundled programs lie. */
  programs: string;
  workspace: string;
  /** First choice for the app's port; 0 takes any free one. */
  port: number;
  /** What the learner's shell may inherit of the environment that started the app. */
  inherited: Record<string, string>;
  /** Words that are not options. */
  words: string[];
}

/** The variables that a learner's shell needs from outside; anything else, secrets included, stays out. */
const inheritable = ['PATH', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR'];

const port = z.string().regex(/^\d+$/).transform(Number).pipe(z.number().max(65_535));

/**
 * Reads the command line and the environment.
 * @throws Error with a sentence that names the option or variable, its value and what is possible
 */
export function readSettings(root: string, programs: string, argv: string[], environment: Record<string, string | undefined>): Settings {
  const { values, positionals } = parseOptions(argv);
  const wanted = values.port ?? environment.PORT ?? '3000';
  const parsed = port.safeParse(wanted);
  if (!parsed.success)
    throw new Error(`The port "${wanted}" is not a number from 0 to 65535: use --port 3000, say, or --port 0 for any free one.`);
  const workspace = values.workspace ?? environment.WORKSPACE ?? defaultWorkspace(environment);
  return {
    dev: values.dev ?? false,
    root,
    programs,
    workspace: resolve(workspace),
    port: parsed.data,
    inherited: Object.fromEntries(inheritable.flatMap((name) => (environment[name] ? [[name, environment[name]]] : []))),
    words: positionals,
  };
}

function parseOptions(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: { port: { type: 'string' }, workspace: { type: 'string' }, dev: { type: 'boolean' } },
    });
  } catch (error) {
    throw new Error(`${(error as Error).message.split('. ')[0]}. Options are --port NUMBER and --workspace DIR.`);
  }
}

function defaultWorkspace(environment: Record<string, string | undefined>): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'coreos-reflector');
  const data = environment.XDG_DATA_HOME;
  return join(data && isAbsolute(data) ? data : join(homedir(), '.local', 'share'), 'coreos-reflector');
}

/** A short name for a workspace: it goes into socket paths (108 bytes at most) and marks the processes that belong to it. */
export function workspaceMark(workspace: string): string {
  return createHash('sha256').update(workspace).digest('hex').slice(0, 12);
}
