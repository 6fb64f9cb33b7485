// An SSH channel as an ordinary duplex stream. ssh2's own channel overrides destroy(), never calls a write back once the peer
// has closed it, and says 'close' only to somebody who has read to its end; code that expects a socket would wait for ever.
import { Duplex } from 'node:stream';
import type { Channel } from 'ssh2';

/**
 * As with a socket, what the peer sent before it closed can still be read, and what is written after that goes nowhere.
 *
 * @param beforeEnd called when everything has been written and before the channel's end is announced (a server's exit status)
 */
export function streamOf(channel: Channel, beforeEnd?: () => void): Duplex {
  let gone = false;
  let blocked: (() => void) | null = null;

  const stream = new Duplex({
    read() {
      channel.resume();
    },
    write(chunk: Buffer, _encoding, written) {
      send(chunk, written);
    },
    writev(chunks, written) {
      send(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), written);
    },
    final(ended) {
      if (!gone) {
        beforeEnd?.();
        channel.end();
      }
      ended();
    },
    destroy(error, destroyed) {
      channel.end();
      channel.close();
      // What nobody will read must still be taken in, or the channel never counts as closed.
      channel.resume();
      destroyed(error);
    },
  });
  channel.on('data', (chunk: Buffer) => {
    if (!stream.destroyed && !stream.push(chunk)) channel.pause();
  });
  channel.on('end', () => {
    if (!stream.destroyed) stream.push(null);
  });
  channel.on('error', (error: Error) => stream.destroy(error));
  channel.on('close', () => {
    gone = true;
    blocked?.();
    blocked = null;
    if (stream.readableEnded) stream.destroy();
    else stream.once('end', () => stream.destroy());
  });
  return stream;

  function send(bytes: Buffer, written: () => void): void {
    if (gone) {
      written();
      return;
    }
    blocked = written;
    // Not at once: an SSH connection inside this one writes in the middle of its own encryption, and ssh2's ChaCha20 keeps its
    // nonce in a variable that all connections share.
    process.nextTick(() => {
      if (gone || stream.destroyed) return;
      channel.write(bytes, () => {
        if (blocked !== written) return;
        blocked = null;
        written();
      });
    });
  }
}
