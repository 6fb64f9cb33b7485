// The program `fleetctl`.
import { terminalConsole } from '../fleetctl/console.ts';
import { runFleetctl } from '../fleetctl/main.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141); // as a program that SIGPIPE ends: nobody reads any more
});

const status = runFleetctl(process.argv.slice(2), process.env, terminalConsole);
status.then(finish, (error: Error) => {
  process.stderr.write(`fleetctl: ${error.message}\n`);
  finish(1);
});

/** Once everything is written: connections may still be open, and so may standard input. */
function finish(code: number): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}
