// A command or shell over SSH in a terminal. The pty turns LF into CR LF and the byte 0x03 into an interrupt by itself.
import type { ServerChannel } from 'ssh2';
import type { TerminalSize } from '#lib/shared/protocol.ts';
import type { Pty, PtyHost } from '#lib/terminal/pty.ts';
import { type ChannelOutput, createChannelOutput } from './channel-output.ts';
import type { Program, RunningProgram } from './program.ts';

/** Output that is read from the pty but not yet taken by the channel; beyond it the program waits. */
const maxUnsentBytes = 256 * 1024;

export interface TerminalOptions {
  ptyHost: PtyHost;
  size: TerminalSize;
  /** Shown before the program's output. */
  greeting: string;
}

export function runInTerminal(channel: ServerChannel, program: Program, options: TerminalOptions, closed: AbortSignal): RunningProgram {
  const output = createChannelOutput(channel, closed);
  let size = options.size;
  let pty: Pty | null = null;
  let signalled: NodeJS.Signals | null = null;

  async function run(): Promise<void> {
    if (options.greeting) void output.write('stdout', Buffer.from(options.greeting));
    try {
      pty = await options.ptyHost.open({ ...program, size });
    } catch (error) {
      void output.write('stdout', Buffer.from(`cannot open a terminal: ${(error as Error).message}\r\n`));
      return output.exit({ status: 255, signal: null });
    }
    const exited = wire(pty, channel, output);
    // What arrived while the pty was being opened.
    pty.resize(size);
    if (signalled !== null) pty.signal(signalled);
    return exited;
  }

  return {
    ended: run(),
    resize(next) {
      size = next;
      pty?.resize(next);
    },
    signal(name) {
      signalled = name;
      pty?.signal(name);
    },
    stopReading() {},
  };
}

function wire(pty: Pty, channel: ServerChannel, output: ChannelOutput): Promise<void> {
  let unsent = 0;
  channel.on('data', (bytes: Buffer) => pty.write(bytes));
  pty.onOutput((bytes) => {
    unsent += bytes.length;
    if (unsent > maxUnsentBytes) pty.pause();
    void output.write('stdout', bytes).then(() => {
      const wasFull = unsent > maxUnsentBytes;
      unsent -= bytes.length;
      if (wasFull && unsent <= maxUnsentBytes) pty.resume();
    });
  });
  return new Promise((resolve) => {
    pty.onExit((exit) => resolve(output.exit(exit)));
  });
}
