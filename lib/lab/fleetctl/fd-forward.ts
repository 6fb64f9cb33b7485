import { connect } from 'node:net';
import { localSocket } from './connection.ts';
import type { Console } from './console.ts';
import { dialError } from './wording.ts';

/** Connects standard input and output to a Unix socket, for a fleetctl at the other end of an SSH connection. */
export function forwardSocket(path: string, environment: NodeJS.ProcessEnv, console: Console): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(localSocket(path, environment));
    socket.on('error', (error) => {
      console.error(`${dialError(`unix ${path}`, error)}\n`);
      resolve(1);
    });
    socket.on('close', (failed) => resolve(failed ? 1 : 0));
    process.stdin.pipe(socket);
    socket.pipe(process.stdout, { end: false });
  });
}
