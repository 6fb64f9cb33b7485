// The short way for what clients ask a thousand times a second: whole, plain requests are answered straight from the socket.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { type PlainRequest, readPlainRequest } from './plain-request.ts';

/** Answers with undefined when the request is not one for the short way. Must not throw or reject. */
export type PlainHandler = (request: PlainRequest) => PlainAnswer | undefined;

/** A whole response, now or later; or one that goes on for as long as it likes, which answers with what to do when the client leaves. */
export type PlainAnswer = string | Promise<string> | ((client: PlainClient) => () => void);

export interface PlainClient {
  write(text: string): void;
  /** The response is over; the connection goes on. */
  end(): void;
  /** Bytes that the client has not fetched yet. */
  unread(): number;
}

/** As for the other connections. */
const idleMs = 60_000;
/** A client that sends more while it waits for an answer has to wait, and so have answers until the client fetches those before. */
const mostAhead = 64 * 1024;

/**
 * Puts the short way in front of an HTTP server. The first request of a connection that is not plain, or does not arrive
 * in one piece, hands the connection to the server for good. Answers with the function that drops the connections on the
 * short way.
 */
export function answerPlainRequests(server: Server, handle: PlainHandler): () => void {
  const listeners = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  const connections = new Set<Socket>();
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    takeConnection(socket, handle, (rest) => {
      connections.delete(socket);
      if (rest === undefined) return;
      socket.unshift(rest);
      for (const listener of listeners) listener.call(server, socket);
    });
  });
  return () => {
    for (const socket of connections) socket.destroy();
  };
}

/** @param onLeave called once, with what is still to be answered if the connection is alive */
function takeConnection(socket: Socket, handle: PlainHandler, onLeave: (rest?: Buffer) => void): void {
  /** One character for each byte. */
  let input = '';
  let output = '';
  /** A response is under way that is not whole yet. */
  let answering = false;
  /** Undoes what goes on for as long as the client stays. */
  let stop: (() => void) | undefined;
  let draining = false;
  let ended = false;

  function take(chunk: Buffer): void {
    input += chunk.toString('latin1');
    if (!answering && !draining) proceed();
    else if (input.length > mostAhead) socket.pause();
  }

  /** Answers in the order of the requests, and begins none before the one before it is answered. */
  function proceed(): void {
    while (input !== '' && !answering && !draining) {
      const read = readPlainRequest(input);
      const answer = read && handle(read.request);
      if (answer === undefined) {
        flush();
        leave(Buffer.from(input, 'latin1'));
        return;
      }
      input = input.slice(read!.length);
      if (typeof answer === 'string') output += answer;
      if (output.length > mostAhead) flush();
      if (typeof answer === 'function') stream(answer);
      else if (typeof answer === 'object') wait(answer);
    }
    flush();
    if (answering || draining) return;
    if (ended) socket.end();
    else if (socket.isPaused()) socket.resume();
  }

  function wait(answer: Promise<string>): void {
    answering = true;
    void answer.then((text) => {
      answering = false;
      output += text;
      proceed();
    });
  }

  function stream(answer: Exclude<PlainAnswer, string | Promise<string>>): void {
    answering = true;
    socket.setTimeout(0);
    stop = answer({
      write(text) {
        output += text;
        flush();
      },
      end() {
        answering = false;
        stop = undefined;
        socket.setTimeout(idleMs);
        if (!socket.destroyed) proceed();
      },
      unread: () => socket.writableLength,
    });
  }

  function flush(): void {
    if (output === '' || socket.destroyed) return;
    const text = output;
    output = '';
    // Without a character that takes two bytes, nothing has to be converted.
    const fits = socket.write(text, Buffer.byteLength(text) === text.length ? 'latin1' : 'utf8');
    if (!fits && !answering && !draining) {
      draining = true;
      socket.once('drain', () => {
        draining = false;
        proceed();
      });
    }
  }

  /** Who has said all can still be answered; who watches has left. */
  function onEnd(): void {
    ended = true;
    if (stop) socket.destroy();
    else if (!answering && !draining) socket.end();
  }

  const drop = () => void socket.destroy();
  const gone = () => leave();

  function leave(rest?: Buffer): void {
    socket.off('data', take).off('end', onEnd).off('timeout', drop).off('close', gone);
    if (rest) socket.off('error', drop).setTimeout(0).resume();
    stop?.();
    onLeave(rest);
  }

  socket.setTimeout(idleMs);
  socket.on('data', take).on('end', onEnd).on('error', drop).on('timeout', drop).on('close', gone);
}
