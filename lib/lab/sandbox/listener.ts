/**
 * A program for a machine's network namespace, where it may listen on any port: opens listeners and hands them to the lab, which
 * started it. Nothing of a connection passes through here.
 */
import { createServer } from 'node:net';
import type { ListenAnswer, ListenRequest } from './network.ts';

process.on('message', ({ address, port }: ListenRequest) => {
  const answer = (message: ListenAnswer, ...rest: unknown[]) =>
    (process.send as (...words: unknown[]) => void).call(process, message, ...rest);
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  server.once('error', (error: NodeJS.ErrnoException) => answer({ address, port, error: error.code ?? error.message }));
  // Somebody was faster than the hand-over.
  server.on('connection', (socket) => answer({ address, port, accepted: true }, socket));
  server.listen({ host: address, port, backlog: 128 }, () => {
    answer({ address, port }, server, {}, () => server.close());
  });
});
process.on('disconnect', () => process.exit());
