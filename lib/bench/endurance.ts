// What must hold rather than be fast: memory behind a stalled viewer, no lost tails, exact resumption.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { type Peer, pause, received, settled } from './line.ts';
import type { Payload } from './payload.ts';
import { forgetPeak, memory, peakMemory } from './processes.ts';
import type { ReflectorPeer } from './reflector.ts';

/**
 * A viewer reads a little and then nothing more while 200 MB are printed. MB of memory that the server grew by: at most, and afterwards.
 * @param done a path for the file that tells the end of the flood; a server that holds the program back never gets there
 */
export async function measureStall(peer: Peer, { file, size, end }: Payload, total: number, done: string, ms: number) {
  const line = await peer.open();
  await settled(line);
  // What any output costs, watched or not, is there before.
  const warm = received(line, end, 60_000);
  line.type(`cat ${file}\r`);
  await warm;
  await pause(1000);
  const pids = peer.processes();
  const before = memory(pids);
  forgetPeak(pids);
  rmSync(done, { force: true });
  let read = 0;
  line.onOutput((chunk) => {
    read += chunk.length;
    if (read > 1_000_000) line.stall();
  });
  line.type(
    `cat ${Array(Math.ceil(total / size))
      .fill(file)
      .join(' ')}; touch ${done}\r`,
  );
  const deadline = performance.now() + ms;
  while (!existsSync(done) && performance.now() < deadline) await pause(100);
  await pause(1000);
  const finished = existsSync(done);
  const peak = peakMemory(pids) - before;
  const steady = memory(pids) - before;
  line.close();
  return { peak, steady, finished };
}

/** Ends what a stalled viewer's terminal still prints. */
export async function endFlood(peer: Peer): Promise<void> {
  const line = await peer.open();
  line.type('\x03');
  await pause(500); // the interrupt discards what is typed in its moment
  await settled(line, 30_000);
  line.close();
}

/** Programs that print and end at once: how many exits were reported without the last line having come. */
export async function countLostTails(peer: Peer, { file, end }: Payload, exits: number, deadline: number) {
  let line = await peer.open();
  let lost = 0;
  let done = 0;
  for (; done < exits && performance.now() < deadline; done += 1) {
    await settled(line);
    const came = received(line, end, 10_000);
    const exited = new Promise<void>((resolve) => line.onExit(resolve));
    // Small and large tails: what fits the kernel's buffer, and what does not.
    line.type(`exec tail -c ${done % 2 ? 5000 : 200_000} ${file}\r`);
    await exited;
    const arrived = await Promise.race([
      came.then(
        () => true,
        () => false,
      ),
      pause(1000).then(() => false),
    ]);
    if (!arrived) lost += 1;
    line = await peer.reopen(line);
  }
  line.close();
  return { lost, done };
}

/** Cuts the connection at random moments while a file is printed, and compares what came with the file. */
export async function countInexactResumes(peer: ReflectorPeer, { file, size, end }: Payload, tries: number, deadline: number) {
  const printed = readFileSync(file, 'latin1').replaceAll('\n', '\r\n');
  const expected = createHash('md5').update(printed, 'latin1').digest('hex');
  const start = printed.slice(0, 200);
  let inexact = 0;
  let cuts = 0;
  let done = 0;
  for (; done < tries && performance.now() < deadline; done += 1) {
    const line = await peer.open();
    await settled(line);
    const chunks: Buffer[] = [];
    let length = 0;
    let cutAt = Math.random() * size * 0.3;
    let cutting = Promise.resolve();
    line.onOutput((chunk) => {
      chunks.push(chunk as Buffer);
      length += chunk.length;
      if (length < cutAt) return;
      cutAt += (0.02 + Math.random() * 0.3) * size;
      cuts += 1;
      cutting = cutting.then(() => line.reconnect());
    });
    const came = received(line, end, 60_000);
    line.type(`cat ${file}\r`);
    await came.catch(() => {});
    await cutting;
    const all = Buffer.concat(chunks);
    const from = all.indexOf(start, 0, 'latin1');
    const digest = createHash('md5')
      .update(all.subarray(from, from + size))
      .digest('hex');
    if (digest !== expected || line.missed() > 0) inexact += 1;
    await settled(line);
    line.close();
  }
  return { inexact, done, cuts };
}
