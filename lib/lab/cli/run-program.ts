// How systemctl and journalctl begin and end.

/** `run` gets the arguments and answers with the exit status; what it throws goes to standard error, behind the program's name. */
export function runProgram(name: string, run: (argv: string[]) => Promise<number>): void {
  // Whoever reads, such as head, may have seen enough. Signals need no handler: their default ends this process as the caller expects.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  run(process.argv.slice(2)).then(
    (exitStatus) => {
      process.exitCode = exitStatus;
    },
    (error: Error) => {
      process.stderr.write(`${name}: ${error.message}\n`);
      process.exitCode = 1;
    },
  );
}
