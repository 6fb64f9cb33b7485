/** What the learner did: ended runs and commands of the terminals, one JSON object a line, only ever appended to. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { TerminalName } from '#lib/shared/chapter.ts';
import { isEnded, type Run } from '#lib/shared/run.ts';
import type { Terminal } from '#lib/terminal/terminal.ts';

export type ActivityEntry =
  | { kind: 'run'; at: number; run: Run }
  /** Any command of the shell, typed or run. `command` is null when the shell kept it out of its history; times are milliseconds. */
  | {
      kind: 'command';
      at: number;
      terminal: TerminalName;
      directory: string;
      command: string | null;
      exitStatus: number;
      duration: number;
    };

export interface Activity {
  append(entry: ActivityEntry): void;
  /** Records a run once it has ended. */
  recordRun(run: Run): void;
  /** Records every command of a terminal; the answer ends that. */
  watch(terminal: Terminal): () => void;
  /** Everything that was recorded and can be read; a torn last line is left out. */
  entries(): ActivityEntry[];
}

export function openActivity({ file, report }: { file: string; report: (message: string) => void }): Activity {
  let told = false;
  // A line that a crash tore apart must not swallow the next one.
  let separator = existsSync(file) && !readFileSync(file, 'utf8').endsWith('\n') ? '\n' : '';
  const activity: Activity = {
    append(entry) {
      try {
        appendFileSync(file, `${separator}${JSON.stringify(entry)}\n`, { mode: 0o600 });
        separator = '';
        told = false;
      } catch (error) {
        if (!told) report(`The activity log ${file} cannot be written (${(error as Error).message}).`);
        told = true;
      }
    },
    recordRun(run) {
      if (isEnded(run)) activity.append({ kind: 'run', at: Date.now(), run });
    },
    watch(terminal) {
      let command: { text: string | null; directory: string; at: number; began: number } | null = null;
      return terminal.onEvent((event) => {
        if (event.kind === 'start') {
          command = { text: event.command, directory: terminal.directory(), at: Date.now(), began: performance.now() };
        } else if (event.kind === 'prompt' && command) {
          const { text, directory, at, began } = command;
          command = null;
          activity.append({
            kind: 'command',
            at,
            terminal: terminal.name,
            directory,
            command: text,
            exitStatus: event.status,
            duration: Math.round(performance.now() - began),
          });
        }
      });
    },
    entries() {
      return existsSync(file) ? readFileSync(file, 'utf8').split('\n').flatMap(parseLine) : [];
    },
  };
  return activity;
}

function parseLine(line: string): ActivityEntry[] {
  try {
    return line ? [JSON.parse(line) as ActivityEntry] : [];
  } catch {
    return [];
  }
}
