// A flood in the other terminal, read by a viewer in a process of its own, so that only the server is shared.
import { fork } from 'node:child_process';
import { type Line, type Peer, settled } from './line.ts';
import { connectReflector } from './reflector.ts';
import { flood } from './scenarios.ts';
import { connectTtyd } from './ttyd.ts';
import { connectWetty } from './wetty.ts';

const connect: Record<Peer['address']['kind'], (url: string) => Promise<Line>> = {
  reflector: (url) => connectReflector(url, 1),
  wetty: connectWetty,
  ttyd: connectTtyd,
};

/** Resolves once the flood runs; the result ends it. */
export async function startFlood(bench: string, { address }: Peer): Promise<() => Promise<void>> {
  const child = fork(bench, ['flood', address.kind, address.url], { stdio: 'inherit' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await Promise.race([new Promise((resolve) => child.once('message', resolve)), exited]);
  if (child.exitCode !== null) throw new Error('The flood in the other terminal could not be started.');
  return async () => {
    child.send('stop');
    await exited;
  };
}

/** The process's own part. */
export async function keepFlooding(kind: string, url: string): Promise<void> {
  const line = await connect[kind as Peer['address']['kind']](url);
  await settled(line);
  line.onOutput(() => {});
  line.type(`${flood}\r`);
  setTimeout(() => process.send?.('flooding'), 300);
  process.once('message', async () => {
    line.type('\x03');
    await settled(line);
    line.close();
    process.exit(0);
  });
}
