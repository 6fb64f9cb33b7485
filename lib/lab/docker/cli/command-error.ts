/** Ends the command with a text on standard error and an exit status. An empty text says that all was said already. */
export class CommandError extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** What the daemon answered instead of doing it. */
export class DaemonError extends CommandError {
  /** The status of the HTTP answer. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(`Error response from daemon: ${message}`);
    this.code = code;
  }
}
