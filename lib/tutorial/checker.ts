/** Runs a step's check out of the learner's sight, with the directory and the environment of their shell. */
import type { Step } from '#lib/shared/chapter.ts';
import type { PtyHost } from '#lib/terminal/pty.ts';
import type { Terminal } from '#lib/terminal/terminal.ts';
import { substituteVariables } from './variables.ts';

export interface CheckResult {
  step: string;
  status: 'passed' | 'failed';
  /** Why it may have failed, in the content's words; null when it passed. */
  hint: string | null;
  /** What the check printed, at most its last 4 KiB. */
  output: string;
}

export interface CheckerOptions {
  host: PtyHost;
  /** The program, an absolute path. */
  bash: string;
  /** What the learner's shells were started with; their own exports come on top. */
  environment: Record<string, string>;
  /** What `{{name}}` means in a check's command. */
  variables(): Promise<Record<string, string>>;
}

const limitMs = 10_000;
const outputLimit = 4096;
/** `$1`: the shell's exports, `$2`: its directory, which may be gone, `$3`: the check. */
const script = '[ ! -r "$1" ] || . "$1" 2>/dev/null; cd -- "$2" 2>/dev/null || cd || exit; set --  "$3"; eval "$1"';

export interface Checker {
  /** Null when the step has no check. Rejects with a sentence when the check cannot be started. */
  check(step: Step, terminal: Terminal): Promise<CheckResult | null>;
}

export function createChecker({ host, bash, environment, variables }: CheckerOptions): Checker {
  return {
    async check(step, terminal) {
      if (!step.check) return null;
      const filled = substituteVariables(step.check.command, await variables());
      if (!filled.ok) return { step: step.id, status: 'failed', hint: filled.reason, output: '' };
      const pty = await host.open({
        file: bash,
        args: ['--noprofile', '--norc', '-c', script, 'check', terminal.environmentFile, terminal.directory(), filled.value],
        directory: '/',
        environment,
        size: { cols: 200, rows: 50 },
      });
      let output = Buffer.alloc(0);
      pty.onOutput((bytes) => {
        output = Buffer.concat([output, bytes]).subarray(-outputLimit);
      });
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        pty.signal('SIGKILL');
      }, limitMs);
      const status = await new Promise<number | null>((resolve) => pty.onExit((exit) => resolve(exit.status)));
      clearTimeout(timer);
      const shown = output.toString().replaceAll('\r\n', '\n');
      if (status === 0) return { step: step.id, status: 'passed', hint: null, output: shown };
      const hint = late ? `The check took longer than ${limitMs / 1000} seconds. ${step.check.hint}` : step.check.hint;
      return { step: step.id, status: 'failed', hint, output: shown };
    },
  };
}
