// What every peer is measured in, one scenario at a time, in turn.
import { type Line, type Peer, pause, received, settled } from './line.ts';
import type { Payload } from './payload.ts';
import { cpuSeconds } from './processes.ts';

/** Prints a file: MB/s, and the server's CPU seconds for each 100 MB. */
export async function measureThroughput(peer: Peer, { file, size, end }: Payload): Promise<{ rate: number; cpu: number }> {
  return withLine(peer, async (line) => {
    const before = cpuSeconds(peer.processes());
    const began = performance.now();
    const came = received(line, end, 120_000);
    line.type(`cat ${file}\r`);
    await came;
    const took = performance.now() - began;
    const cpu = cpuSeconds(peer.processes()) - before;
    return { rate: size / took / 1000, cpu: (cpu / size) * 1e8 };
  });
}

/** Single keystrokes to a `cat` that answers each at once: ms to the echoed byte, one after the other as a person types. */
export async function measureEcho(peer: Peer, keystrokes: number): Promise<number[]> {
  return withLine(peer, async (line) => {
    line.type('stty -icanon -echo min 1; cat\r');
    await pause(200);
    const samples: number[] = [];
    for (let count = 0; count < keystrokes; count += 1) {
      samples.push(await echo(line, 'abcdefghijklmnopqrstuvwxyz'[count % 26]!));
      // Uneven, so that no timer of the server falls into step.
      await pause(5 + ((count * 7) % 11));
    }
    line.type('\x03');
    await pause(50);
    line.type('stty sane\r');
    return samples;
  });
}

async function echo(line: Line, key: string): Promise<number> {
  const came = received(line, key, 5000);
  const began = performance.now();
  line.type(key);
  await came;
  return performance.now() - began;
}

/** From the start of a connection to the first byte of the terminal, in ms. */
export async function measureFirstByte(peer: Peer): Promise<number> {
  const began = performance.now();
  const line = await peer.open();
  const took = (await line.firstOutput) - began;
  line.close();
  return took;
}

/** Ctrl-C while a flood is printed: ms until nothing more comes. */
export async function measureInterrupt(peer: Peer): Promise<number> {
  return withLine(peer, async (line) => {
    let last = 0;
    const off = line.onOutput(() => {
      last = performance.now();
    });
    line.type(`${flood}\r`);
    await pause(700);
    const began = performance.now();
    line.type('\x03');
    const deadline = began + 20_000;
    do await pause(50);
    while (performance.now() - Math.max(last, began) < quietMs && performance.now() < deadline);
    off();
    return last - began;
  });
}

export const flood = 'yes "[12:00:01] core-01 docker: a line as long as lines in a log are, and somewhat longer"';
/** No output for so long: the flood has stopped. */
const quietMs = 300;

/** A line with a shell that waits, and nothing left behind afterwards. */
export async function withLine<Result>(peer: Peer, use: (line: Line) => Promise<Result>): Promise<Result> {
  const line = await peer.open();
  try {
    await settled(line);
    const result = await use(line);
    await settled(line);
    return result;
  } finally {
    line.close();
  }
}
