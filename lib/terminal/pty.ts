import type { TerminalSize } from '#lib/shared/protocol.ts';

/** Opens ptys in a process of its own, the only one that ever holds a pty's master. */
export interface PtyHost {
  open(options: PtyOptions): Promise<Pty>;
  /** Ends every pty's process group and the host itself; resolves when nothing is left. */
  close(): Promise<void>;
}

export interface PtyOptions {
  file: string;
  args: string[];
  directory: string;
  /** The whole environment; nothing is inherited. */
  environment: Record<string, string>;
  size: TerminalSize;
}

export interface Pty {
  readonly pid: number;
  /** Bytes for the program, in order; queued while it does not read. */
  write(bytes: Uint8Array | string): void;
  resize(size: TerminalSize): void;
  /** Sends a signal to the pty's foreground process group and its session's leader's group. */
  signal(name: NodeJS.Signals): void;
  /** Back-pressure: while paused no output is read from the pty. */
  pause(): void;
  resume(): void;
  onOutput(listener: (bytes: Buffer) => void): void;
  /** After the last byte of output. `status` is null when a signal ended the program. */
  onExit(listener: (exit: { status: number | null; signal: string | null }) => void): void;
}
