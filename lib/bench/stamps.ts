// How late output is for many at once: lines that are stamped by the program which prints them.
import { fork } from 'node:child_process';
import { constants, openSync, writeSync } from 'node:fs';
import { type Chunk, type Line, pause, received, settled } from './line.ts';
import { openManyTerminals } from './many-terminals.ts';
import type { ReflectorPeer } from './reflector.ts';

/** One terminal, many viewers; ms from each stamp to each of them, ten stamps a second. */
export async function measureViewers(bench: string, peer: ReflectorPeer, viewers: number, seconds: number): Promise<number[]> {
  const lines: Line[] = [];
  try {
    for (let count = 0; count < viewers; count += 1) lines.push(await peer.open());
    return await measureStamps(bench, lines, lines.slice(0, 1), seconds);
  } finally {
    for (const line of lines) line.close();
  }
}

/** Many terminals, one viewer each. */
export async function measureTerminals(bench: string, terminals: number, seconds: number): Promise<number[]> {
  const { lines, close } = await openManyTerminals(bench, terminals);
  try {
    return await measureStamps(bench, lines, lines, seconds);
  } finally {
    await close();
  }
}

/** @param drivers one line to each terminal that is printed to */
async function measureStamps(bench: string, lines: Line[], drivers: Line[], seconds: number): Promise<number[]> {
  const devices: string[] = [];
  for (const driver of drivers) devices.push(await deviceOf(driver));
  const samples: number[] = [];
  const offs = lines.map((line) => {
    let rest = '';
    return line.onOutput((chunk: Chunk) => {
      const now = process.hrtime.bigint();
      const text = rest + chunk.toString('latin1' as never);
      const stamps = [...text.matchAll(/@(\d{6,})@/g)];
      const seen = stamps.at(-1);
      rest = seen ? text.slice(seen.index + seen[0].length) : text.slice(-64);
      for (const [, stamp] of stamps) samples.push(Number(now - BigInt(stamp!)) / 1e6);
    });
  });
  const printer = fork(bench, ['stamps', ...devices], { stdio: 'inherit' });
  const ended = new Promise((resolve) => printer.once('exit', resolve));
  await pause(seconds * 1000);
  printer.disconnect();
  await ended;
  await pause(300);
  for (const off of offs) off();
  return samples;
}

/** The terminal's device, as its shell names it. */
async function deviceOf(line: Line): Promise<string> {
  await settled(line);
  let text = '';
  const off = line.onOutput((chunk) => {
    text += chunk.toString('latin1' as never);
  });
  const came = received(line, '/dev/pts/', 20_000);
  line.type('tty\r');
  await came;
  await settled(line);
  off();
  const found = /\/dev\/pts\/\d+/.exec(text);
  if (!found) throw new Error('A terminal did not say which one it is.');
  return found[0];
}

/**
 * The part of a process of its own: prints to each terminal ten times a second, one after the other. It stands for as many programs; those would
 * need most of a small computer for themselves.
 */
export function printStamps(devices: string[]): void {
  const open = devices.map((device) => openSync(device, constants.O_WRONLY | constants.O_NOCTTY));
  open.forEach((descriptor, index) => {
    const print = () => writeSync(descriptor, `@${process.hrtime.bigint()}@\r\n`);
    setTimeout(() => setInterval(print, 100), (100 * index) / open.length);
  });
  process.once('disconnect', () => process.exit(0));
}
