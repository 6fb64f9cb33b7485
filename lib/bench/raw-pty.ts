// The least that printing through a pty can cost: a program that reads the master and throws the bytes away.
import { fork } from 'node:child_process';
import { spawnPty } from '#lib/terminal/pty-host/spawn-pty.ts';
import type { Payload } from './payload.ts';

export interface RawResult {
  /** From opening the pty to the last byte, in ms. */
  took: number;
  /** CPU seconds of the reading process. */
  cpu: number;
}

/** Measures in a process of its own: `bench` is this program's bundle. */
export function measureRaw(bench: string, payload: Payload): Promise<RawResult> {
  const child = fork(bench, ['raw-pty', payload.file, payload.end], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('message', (result) => resolve(result as RawResult));
    child.once('exit', (status) => reject(new Error(`The raw pty loop ended with status ${status}.`)));
  });
}

/** The process's own part. */
export function readRaw(file: string, end: string): void {
  const began = performance.now();
  const before = process.cpuUsage();
  let found = 0;
  let edge = '';
  spawnPty(
    { file: '/bin/cat', args: [file], directory: '/', environment: {}, size: { cols: 120, rows: 40 } },
    {
      onOutput(bytes) {
        const chunk = bytes as Buffer;
        if (chunk.includes(end) || (edge + chunk.toString('latin1', 0, end.length)).includes(end)) found = performance.now();
        edge = (edge + chunk.toString('latin1', Math.max(0, chunk.length - end.length))).slice(-end.length);
      },
      onExit() {
        const { user, system } = process.cpuUsage(before);
        if (found === 0) throw new Error('The end of the output did not come.');
        process.send?.({ took: found - began, cpu: (user + system) / 1e6 }, () => process.exit(0));
      },
      onInputLost() {},
    },
  );
}
