import { connect } from 'node:net';
import { localSocket } from './connection.ts';
import type { Console } from './console.ts';
import { dialError } from './wording.ts';

/**
 * Connects standard input and output to a Unix socket, for a fleetctl at the other end of an SSH connection. Resolves with the exit
 * status: 0 also when nobody listens there, which the other end shows as an early end instead of a failed program.
 */
export function forwardSocket(path: string, environment: NodeJS.ProcessEnv, console: Console): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(localSocket(path, environment));
    let connected = false;
    socket.on('connect', () => {
      connected = true;
    });
    socket.on('error', (error) =>
      console.error(
        connected
          ? `Encountered error during copy: ${error.message}\n`
          : `Failed dialing remote address: ${dialError(`unix ${path}`, error)}\n`,
      ),
    );
    socket.on('close', (failed) => resolve(failed && connected ? 1 : 0));
    process.stdin.pipe(socket);
    socket.pipe(process.stdout, { end: false });
  });
}
