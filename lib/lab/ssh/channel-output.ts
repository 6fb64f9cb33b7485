// Writes a program's two outputs to its SSH channel and then its exit status, in that order.
import { constants } from 'node:os';
import type { ServerChannel } from 'ssh2';

export interface ChannelOutput {
  /** Resolves once ssh2 has sent the bytes, or the channel is gone. */
  write(target: 'stdout' | 'stderr', bytes: Buffer): Promise<void>;
  /** Sends the exit status (or the signal that ended the program) after everything written so far and closes the channel. */
  exit(exit: ProgramExit): Promise<void>;
}

export interface ProgramExit {
  status: number | null;
  /** `SIGTERM`; set when `status` is null. */
  signal: string | null;
}

/** The signals that an SSH `exit-signal` can name (RFC 4254, 6.10); any other is reported as a shell would, 128 and up. */
const nameable = new Set(['ABRT', 'ALRM', 'FPE', 'HUP', 'ILL', 'INT', 'KILL', 'PIPE', 'QUIT', 'SEGV', 'TERM', 'USR1', 'USR2']);

export function createChannelOutput(channel: ServerChannel, closed: AbortSignal): ChannelOutput {
  let tail = Promise.resolve();

  function append(action: () => Promise<void> | void): Promise<void> {
    tail = tail.then(action);
    return tail;
  }

  return {
    write: (target, bytes) => append(() => writeOnce(channel, target, bytes, closed)),
    exit: ({ status, signal }) =>
      append(() => {
        if (closed.aborted) return;
        reportExit(channel, status, signal);
        channel.end();
      }),
  };
}

function reportExit(channel: ServerChannel, status: number | null, signal: string | null): void {
  const name = signal?.replace(/^SIG/, '') ?? '';
  if (status !== null) channel.exit(status);
  else if (nameable.has(name)) channel.exit(name, false, '');
  else channel.exit(128 + (constants.signals[signal as NodeJS.Signals] ?? 127));
}

/** One write at a time over both outputs, because ssh2 loses or repeats data when both of them wait for the peer's window. */
function writeOnce(channel: ServerChannel, target: 'stdout' | 'stderr', bytes: Buffer, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (closed.aborted) return resolve();
    // After the peer's close ssh2 never calls a write back.
    closed.addEventListener('abort', done, { once: true });
    channel[target].write(bytes, done);

    function done(): void {
      closed.removeEventListener('abort', done);
      forgetBlockedWrite(channel);
      resolve();
    }
  });
}

/** ssh2 keeps what once waited for the window and would send it again when the other output waits. */
function forgetBlockedWrite(channel: ServerChannel): void {
  Object.assign(channel, { _chunk: undefined, _chunkcb: undefined, _chunkErr: undefined, _chunkcbErr: undefined });
}
