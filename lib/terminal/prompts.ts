/** What one prompt after the other says of the command between them. */
import { constants } from 'node:os';
import type { PromptMark } from './mark-parser.ts';

export interface Prompt {
  /** There was a command since the last one. */
  ran: boolean;
  /** Its start had no mark: the shell had lost its hooks. */
  unmarked: boolean;
  /** It did not end but was stopped, as by Ctrl-Z. */
  suspended: boolean;
}

export interface Prompts {
  /** Null for a prompt that readline only draws again. */
  shown(mark: PromptMark): Prompt | null;
  commandBegan(): void;
  /** Another shell counts from the beginning. */
  forget(): void;
}

export function trackPrompts(): Prompts {
  let last = 0;
  /** The shell's count of its commands and of suspended jobs at its last prompt; null before the first one. */
  let commands: number | null = null;
  let stopped = 0;
  let commandRuns = false;

  return {
    shown(mark) {
      if (mark.prompt === last) return null;
      last = mark.prompt;
      const unmarked = !commandRuns && commands !== null && (mark.command ?? 0) > commands;
      const ran = commandRuns || unmarked;
      commandRuns = false;
      // A shell that was asked cannot tell its count: the next one is newer, as its hooks are back only from then on.
      commands = mark.command ?? 0;
      // One that was suspended before, and again now, does not change the number.
      const suspended =
        mark.stopped === null || mark.stopped === stopped ? mark.stopped !== 0 && isSuspension(mark.status) : mark.stopped > stopped;
      stopped = mark.stopped ?? stopped;
      return { ran, unmarked, suspended };
    },
    commandBegan() {
      commandRuns = true;
    },
    forget() {
      last = stopped = 0;
      commands = null;
      commandRuns = false;
    },
  };
}

/** What bash reports of a command that was stopped. */
function isSuspension(status: number): boolean {
  const { SIGTSTP, SIGSTOP, SIGTTIN, SIGTTOU } = constants.signals;
  return [SIGTSTP, SIGSTOP, SIGTTIN, SIGTTOU].includes(status - 128);
}
