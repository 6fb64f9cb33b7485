/**
 * The pty host: opens ptys for its parent, which talks to it over file descriptor 3 in frames. It never starts a program but on a pty, so no
 * pty's master can leak into a child. When the pipe ends, so does everything that runs here.
 */
import { Socket } from 'node:net';
import { createFrameReader, frameKind, type HostRequest } from '../frames.ts';
import { createHostedPtys } from './hosted-ptys.ts';
import { killMarked, ownMark } from './marked-processes.ts';

/** After a hang-up, what still runs has this long before it is killed. */
const hangUpMs = 400;
/** When the parent was killed, its other children have so long to end by themselves. */
const othersMs = 1300;
const parent = process.ppid;

const pipe = new Socket({ fd: 3, readable: true, writable: true });
const ptys = createHostedPtys((frame) => pipe.write(frame));
const reader = createFrameReader((kind, id, payload) => {
  if (kind === frameKind.bytes) ptys.write(id, payload);
  else ptys.accept(id, JSON.parse(payload.toString()) as HostRequest);
});

pipe.on('data', (chunk) => reader.push(chunk as Buffer));
pipe.once('end', end);
pipe.once('close', end);
pipe.on('error', end);
// The terminal's Ctrl-C reaches the whole foreground group; the parent decides when its ptys end.
process.on('SIGINT', () => {});
process.on('SIGTERM', end);
process.on('SIGHUP', end);

let ending = false;
async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  const ended = performance.now();
  await ptys.end(hangUpMs);
  // The one who would look for what is left is gone.
  if (process.ppid !== parent) {
    await new Promise((resolve) => setTimeout(resolve, othersMs - (performance.now() - ended)));
    killMarked(ownMark());
  }
  process.exit(0);
}
