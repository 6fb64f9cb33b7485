/** For tests: a real terminal in a throw-away HOME, and waiting for what it does. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { TerminalName } from '#lib/shared/chapter.ts';
import type { StartHook } from './bash-rc.ts';
import { startPtyHost } from './pty-host.ts';
import { openTerminal, type Terminal, type TerminalEvent } from './terminal.ts';

export interface Outcome {
  status: number | null;
  lost: string | null;
  output: string;
  suspended?: boolean;
}

/** @param programs the directory of the bundled programs; `bashrc` becomes the learner's own `~/.bashrc` */
export async function openTestTerminal(
  programs: string,
  { name = 'shell', bashrc = '', startHook }: { name?: TerminalName; bashrc?: string; startHook?: StartHook } = {},
) {
  const base = await mkdtemp(join(tmpdir(), 'terminal-'));
  const home = join(base, 'home');
  await mkdir(join(base, 'run'), { mode: 0o700 });
  await mkdir(home);
  if (bashrc) await writeFile(join(home, '.bashrc'), bashrc);
  const host = startPtyHost({ program: join(programs, 'pty-host.mjs') });
  onTestFinished(async () => {
    await host.close();
    await rm(base, { recursive: true, force: true });
  });
  const terminal = await openTerminal({
    name,
    host,
    bash: '/bin/bash',
    home,
    directory: home,
    environment: { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8' },
    size: { cols: 80, rows: 24 },
    runDirectory: join(base, 'run'),
    ...(startHook && { startHook }),
  });
  await atPrompt(terminal);
  return { terminal, host, home, base, run: (text: string, name = 'block') => run(terminal, text, name) };
}

/** Types a command as the runner does and waits for its end. */
export function run(terminal: Terminal, text: string, name = 'block'): Promise<Outcome> {
  return new Promise((resolve) => {
    let from = 0;
    terminal.execute(
      { name, text },
      {
        started: (offset) => {
          from = offset;
        },
        output: () => {},
        ended: (to, status, suspended) => resolve({ status, lost: null, suspended, output: terminal.log.slice(from, to).toString() }),
        lost: (reason, status) => resolve({ status, lost: reason, output: '' }),
      },
    );
  }).then(async (outcome) => {
    if (terminal.state().status !== 'exited') await atPrompt(terminal);
    return outcome as Outcome;
  });
}

export function atPrompt(terminal: Terminal): Promise<void> {
  return until(terminal, () => terminal.state().status === 'prompt', 'the prompt');
}

/** Waits for text in the terminal's output from `from` on. */
export function untilText(terminal: Terminal, text: RegExp, from = 0): Promise<void> {
  return until(terminal, () => text.test(terminal.log.slice(from, terminal.log.end).toString()), String(text));
}

export function until(terminal: Terminal, condition: () => boolean, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const offEvent = terminal.onEvent(check);
    const offState = terminal.onState(() => check());
    const timer = setTimeout(() => {
      stop();
      const shown = terminal.log.slice(terminal.log.end - 2000, terminal.log.end).toString();
      reject(new Error(`Waited in vain for ${what}; the terminal shows ${JSON.stringify(shown)}`));
    }, 10_000);
    check();
    function check(_event?: TerminalEvent): void {
      if (!condition()) return;
      stop();
      resolve();
    }
    function stop(): void {
      clearTimeout(timer);
      offEvent();
      offState();
    }
  });
}
