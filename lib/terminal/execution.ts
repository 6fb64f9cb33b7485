/** Follows one command that was typed for somebody: finds it among the shell's signed marks, and says how it ended. */

export interface ExecutionHandlers {
  /** The command runs; its output begins at `from`. Called again when a step has shown its lines, which are not its output. */
  started(from: number): void;
  output(offset: number, bytes: Buffer): void;
  /** `suspended`: the command waits in the background, where Ctrl-Z has put it. */
  ended(to: number, status: number, suspended: boolean): void;
  /** It never ran, or nobody knows how it ended. `status` is the shell's answer to a command that it refused. */
  lost(reason: string, status: number | null): void;
}

export type ExecutionEvent =
  | { kind: 'start'; offset: number; command: string | null }
  | { kind: 'block'; offset: number }
  | { kind: 'output'; offset: number; bytes: Buffer }
  /** A new prompt; `ran`: a command has ended with it, or is `suspended`; its start was not seen when it is `unmarked`. */
  | { kind: 'prompt'; offset: number; status: number; ran: boolean; unmarked: boolean; suspended: boolean }
  | { kind: 'continuation' }
  | { kind: 'exit'; reason: string }
  /** Nobody can tell any more how what runs now ends. */
  | { kind: 'unknown'; reason: string };

/** A command that was typed behind another one starts as soon as the shell reads again. */
const graceMs = 1000;
/** A shell at its prompt starts a command within milliseconds; one that does not is searching its history, or stopped. */
const startMs = 10_000;

/**
 * @param typed what was typed, to tell it from a command that the learner typed in the same moment
 * @param from where the log ended then
 */
export function followExecution(typed: string, from: number, handlers: ExecutionHandlers) {
  let status: 'typed' | 'running' | 'over' = 'typed';
  let showing = typed.startsWith('step ');
  let timer = setTimeout(() => lose('The shell did not take the command. Press Ctrl-C in the terminal and run it again.'), startMs);

  return {
    /** Ctrl-C is due: the shell waits for the rest of a command that is not complete. */
    accept(event: ExecutionEvent): 'interrupt' | undefined {
      if (status === 'over') return;
      if (event.kind === 'exit' || event.kind === 'unknown') return void lose(event.reason);
      if (status === 'running') return void follow(event);
      if (event.kind === 'start' && (event.command === null || event.command.trim() === typed)) {
        status = 'running';
        clearTimeout(timer);
        handlers.started(event.offset);
      } else if (event.kind === 'prompt' && event.unmarked) {
        handlers.started(from);
        end(event);
      } else if (event.kind === 'prompt') {
        clearTimeout(timer);
        const refused = event.ran ? null : event.status;
        timer = setTimeout(() => lose(refused ? refusal : interference, refused), graceMs);
      } else if (event.kind === 'continuation') {
        lose('The command is not complete: the shell waits for the rest of it.');
        return 'interrupt';
      }
      return;
    },
  };

  function follow(event: ExecutionEvent): void {
    if (event.kind === 'block') {
      showing = false;
      handlers.started(event.offset);
    } else if (event.kind === 'output' && !showing) handlers.output(event.offset, event.bytes);
    else if (event.kind === 'prompt') end(event);
  }

  function end(event: ExecutionEvent & { kind: 'prompt' }): void {
    status = 'over';
    clearTimeout(timer);
    handlers.ended(event.offset, event.status, event.suspended);
  }

  function lose(reason: string, refused: number | null = null): void {
    status = 'over';
    clearTimeout(timer);
    handlers.lost(reason, refused);
  }
}

const refusal = 'The shell did not accept the command; its message stands in the terminal.';
const interference = 'Another command took the terminal at the same moment. Run the step again.';
