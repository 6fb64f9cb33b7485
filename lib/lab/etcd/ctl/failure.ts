// How a command of etcdctl fails: what stands on stderr and the exit status.

/** Wrong use. */
export const badArguments = 1;
/** No endpoint answered. */
export const badConnection = 2;
/** The server refused. */
export const serverError = 4;

/** Not every member of the cluster is well. */
export const unhealthy = 5;

export class Failure extends Error {
  readonly status: number;
  /** All that goes to stderr. */
  readonly text: string;

  constructor(message: string, status: number, ending = '\n') {
    super(message);
    this.name = 'Failure';
    this.status = status;
    this.text = message + ending;
  }
}
