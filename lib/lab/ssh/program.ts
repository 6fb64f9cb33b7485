// What an SSH session runs, with or without a terminal.
import type { TerminalSize } from '#lib/shared/protocol.ts';

export interface Program {
  file: string;
  args: string[];
  directory: string;
  /** The whole environment. */
  environment: Record<string, string>;
  /** The process only waits in front of the program that it has put into a sandbox. */
  inFront?: true;
}

export interface RunningProgram {
  /** Resolves when the program has ended, its output is written and its exit status is sent. */
  ended: Promise<void>;
  resize(size: TerminalSize): void;
  /** To the program's process group. */
  signal(name: NodeJS.Signals): void;
  /** Takes no more output, so that a process which outlived its group's end cannot hold `ended` back. */
  stopReading(): void;
}

/** From the hang-up to the kill. */
const hangUpMs = 2000;

/** Ends a program whose channel is gone, as a hang-up does: SIGHUP, and SIGKILL for what does not listen. */
export async function hangUp(program: RunningProgram): Promise<void> {
  program.signal('SIGHUP');
  const kill = setTimeout(() => {
    program.signal('SIGKILL');
    program.stopReading();
  }, hangUpMs);
  await program.ended;
  clearTimeout(kill);
}
