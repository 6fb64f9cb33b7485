// What fleetctl says and asks: results on standard output, everything else on standard error.

export interface Console {
  out(text: string): void;
  error(text: string): void;
  /** Asks on standard error and reads exactly one line of standard input; null at its end. */
  ask(question: string): Promise<string | null>;
}

export const terminalConsole: Console = {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
  ask(question) {
    process.stderr.write(question);
    return readLine(process.stdin);
  },
};

/** Leaves what follows the line unread, for the next question or for the remote command; stops reading, so that text which is
 *  typed ahead stays with the terminal. */
function readLine(input: NodeJS.ReadStream): Promise<string | null> {
  return new Promise((resolve) => {
    let line = Buffer.alloc(0);
    const take = (chunk: Buffer): void => {
      const end = chunk.indexOf(0x0a);
      line = Buffer.concat([line, end < 0 ? chunk : chunk.subarray(0, end)]);
      if (end < 0) return;
      finish(line.toString('utf8').replace(/\r$/, ''));
      if (end + 1 < chunk.length) input.unshift(chunk.subarray(end + 1));
    };
    const end = (): void => finish(line.length > 0 ? line.toString('utf8') : null);
    const finish = (answer: string | null): void => {
      input.pause();
      input.off('data', take).off('end', end).off('error', end);
      resolve(answer);
    };
    if (input.readableEnded) return finish(null);
    // A stream that has been paused does not start again by itself.
    input.on('data', take).on('end', end).on('error', end).resume();
  });
}
