/** What the learner did: ended runs and commands of the terminals, one JSON object a line, only ever appended to. */
import { appendFileSync, closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import type { TerminalName } from '#lib/shared/chapter.ts';
import { isEnded, type Run } from '#lib/shared/run.ts';
import type { Terminal } from '#lib/terminal/terminal.ts';
import { keepTrying } from './keep-trying.ts';

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
  close(): void;
}

export interface ActivityOptions {
  file: string;
  /** The log cannot be written, or (null) can again; meanwhile the newest entries are kept in memory. */
  failing: (message: string | null) => void;
}

const newline = 0x0a;
/** Entries that wait for a full disk. */
const waitingLimit = 1000;

export function openActivity({ file, failing }: ActivityOptions): Activity {
  let waiting: string[] = [];
  // A line that a crash tore apart must not swallow the next one.
  let separator = endsTorn(file) ? '\n' : '';
  const saving = keepTrying(
    () => {
      if (waiting.length === 0) return;
      const text = `${separator}${waiting.join('')}`;
      // What is written in part, on a disk that fills up, must not swallow the next line either.
      separator = '\n';
      appendFileSync(file, text, { mode: 0o600 });
      separator = '';
      waiting = [];
    },
    (error) => failing(error && `The activity log ${file} cannot be written (${error.message}).`),
  );
  const activity: Activity = {
    append(entry) {
      waiting.push(`${JSON.stringify(entry)}\n`);
      if (waiting.length > waitingLimit) waiting.shift();
      saving.now();
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
    close: saving.close,
  };
  return activity;
}

function endsTorn(file: string): boolean {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const last = Buffer.alloc(1);
      const { size } = fstatSync(descriptor);
      return size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== newline;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false; // there is none yet, or the first write will tell
  }
}

function parseLine(line: string): ActivityEntry[] {
  try {
    return line ? [JSON.parse(line) as ActivityEntry] : [];
  } catch {
    return [];
  }
}
