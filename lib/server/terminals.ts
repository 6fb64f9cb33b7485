// The learner's terminals, each opened the first time somebody looks at it or runs something in it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '#lib/doctor/tools.ts';
import type { TerminalName } from '#lib/shared/chapter.ts';
import type { TerminalState } from '#lib/shared/protocol.ts';
import { openOutputHistory } from '#lib/terminal/output-history.ts';
import type { TerminalPtyHost } from '#lib/terminal/pty-host.ts';
import { openTerminal, type Terminal } from '#lib/terminal/terminal.ts';
import type { Activity } from '#lib/tutorial/activity.ts';

export interface TerminalsOptions {
  host: TerminalPtyHost;
  environment: Record<string, string>;
  /** Where the terminals keep their files: short, 0700. */
  run: string;
  /** Where their output is kept over a restart. */
  state: string;
  activity: Activity;
  /** The output cannot be written to disk; null: it can again. */
  failing: (message: string | null) => void;
  onState(state: TerminalState): void;
  /** A command has ended; `command` is null when the shell kept it out of its history. */
  onCommand(command: string | null, directory: string): void;
}

export interface Terminals {
  /** Rejects with a sentence when the terminal cannot be opened; the next call tries again. */
  open(name: TerminalName): Promise<Terminal>;
  close(): Promise<void>;
}

/** What a terminal measures until somebody looks at it. */
const firstSize = { cols: 80, rows: 24 };

export function createTerminals({ host, environment, run, state, activity, failing, onState, onCommand }: TerminalsOptions): Terminals {
  const opened = new Map<TerminalName, Promise<Terminal>>();

  async function openShell(name: TerminalName): Promise<Terminal> {
    const bash = findProgram('bash', environment.PATH ?? '');
    if (!bash) throw new Error('The terminals need bash: install it (on Debian or Ubuntu: apt-get install bash) and start the app again.');
    const home = environment.HOME as string;
    const directory = existsSync(home) ? home : '/';
    const history = openOutputHistory({ folder: join(state, 'terminals', name), failing });
    const terminal = await openTerminal({ name, host, bash, home, directory, environment, size: firstSize, runDirectory: run, history });
    activity.watch(terminal);
    terminal.onState(onState);
    let command: { text: string | null; directory: string } | null = null;
    terminal.onEvent((event) => {
      if (event.kind === 'start') command = { text: event.command, directory: terminal.directory() };
      else if (event.kind === 'prompt' && event.ran && command) onCommand(command.text, command.directory);
    });
    return terminal;
  }

  return {
    open(name) {
      let terminal = opened.get(name);
      if (!terminal) {
        terminal = openShell(name);
        opened.set(name, terminal);
        terminal.catch(() => opened.delete(name));
      }
      return terminal;
    },
    async close() {
      const terminals = await Promise.allSettled(opened.values());
      await Promise.all(terminals.map((result) => result.status === 'fulfilled' && result.value.close()));
    },
  };
}
