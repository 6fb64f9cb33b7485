// How a command of etcdctl fails: what stands on stderr and the exit status.

/** Wrong use. */
export const badArguments = 1;
/** No endpoint answered. */
export const badConnection = 2;
/** The server refused. */
export const serverError = 4;

export class Failure extends Error {
  readonly status: number;
  /** @param message all of stderr but the last line end */
  constructor(message: string, status: number) {
    super(message);
    this.name = 'Failure';
    this.status = status;
  }
}
