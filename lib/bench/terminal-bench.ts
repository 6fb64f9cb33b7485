// The order of events: rounds with every peer in turn, then what is measured once, then the table.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { startFlood } from './background-flood.ts';
import { countInexactResumes, countLostTails, measureStall } from './endurance.ts';
import { type Line, type Peer, settled } from './line.ts';
import { writePayload } from './payload.ts';
import { measureRaw } from './raw-pty.ts';
import { openReflector } from './reflector.ts';
import { emptyResults, judge, type Results } from './results.ts';
import { measureEcho, measureFirstByte, measureInterrupt, measureStamps, measureThroughput } from './scenarios.ts';
import { drawTable } from './table.ts';
import { openWetty } from './wetty.ts';

/** How much of everything. A full run takes about eight minutes, a quick one about one. */
const amounts = {
  full: {
    rounds: 5,
    megabytes: 100,
    keystrokes: 100,
    connects: 10,
    interrupts: 4,
    stalled: 200,
    exits: 1000,
    resumes: 8,
    viewers: 500,
    seconds: 6,
  },
  quick: {
    rounds: 2,
    megabytes: 30,
    keystrokes: 40,
    connects: 4,
    interrupts: 2,
    stalled: 60,
    exits: 30,
    resumes: 2,
    viewers: 100,
    seconds: 2,
  },
};
/** No scenario takes longer, whatever a server does. */
const longestMs = 240_000;
/** The scenarios that repeat themselves stop here, and say how often they did. */
const repeatMs = 180_000;

/** @param bundle this program, for its child processes; the other bundles lie beside it */
export async function benchTerminal(bundle: string, quick: boolean): Promise<void> {
  const amount = quick ? amounts.quick : amounts.full;
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const payload = await writePayload(join(directory, 'payload'), amount.megabytes * 1e6);
  const small = await writePayload(join(directory, 'small'), 20e6);
  const results = emptyResults();
  const ours = await openReflector(dirname(bundle));
  const peers: Peer[] = [ours];
  try {
    const wetty = await attempt('wetty', () => openWetty(resolve('node_modules', '.cache', 'bench')));
    if (wetty) peers.push(wetty);

    for (let round = 1; round <= amount.rounds; round += 1) {
      console.error(`Round ${round} of ${amount.rounds} …`);
      const raw = await measureRaw(bundle, payload);
      results.add('raw pty', 'rate', payload.size / raw.took / 1000);
      results.add('raw pty', 'cpu', (raw.cpu / payload.size) * 1e8);
      for (const peer of peers) await attempt(`${peer.name}: a round`, () => measureRound(peer));
    }
    for (const peer of peers) {
      console.error(`${peer.name}: a stalled viewer, exits …`);
      await attempt(`${peer.name}: the stalled viewer`, async () => {
        // A server that holds the program back keeps doing so: then it is not waited for.
        const { peak, steady } = await measureStall(
          peer,
          payload,
          amount.stalled * 1e6,
          join(directory, `done-${results.count}`),
          quick ? 15_000 : 30_000,
        );
        results.add(peer.name, 'stallPeak', peak);
        results.add(peer.name, 'stallSteady', steady);
      });
      await attempt(`${peer.name}: exits`, async () => {
        const tails = await countLostTails(
          peer,
          small,
          peer === ours ? amount.exits : Math.min(amount.exits, 100),
          performance.now() + repeatMs,
        );
        results.add(peer.name, 'lostTails', tails.lost);
        results.add(peer.name, 'exits', tails.done);
      });
    }
    console.error('This app: resumption, many viewers …');
    await attempt('resumption', async () => {
      const { inexact, done, cuts } = await countInexactResumes(ours, small, amount.resumes, performance.now() + repeatMs);
      results.add(ours.name, 'inexact', inexact);
      results.add(ours.name, 'resumes', done);
      results.add(ours.name, 'cuts', cuts);
    });
    await attempt('many viewers', () => stamp('viewers', amount.viewers, [0]));
    await attempt('both terminals', () => stamp('terminals', 2, [0, 1]));
  } finally {
    for (const peer of peers) await peer.close();
    rmSync(directory, { recursive: true, force: true });
  }
  const names = ['raw pty', ...peers.map(({ name }) => name)];
  console.log(
    `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, medians of ${amount.rounds} rounds in turn.\n`,
  );
  console.log(
    drawTable(
      names,
      judge(
        results,
        ours.name,
        names.find((name) => name.startsWith('wetty')),
        amount,
      ),
    ),
  );

  async function measureRound(peer: Peer): Promise<void> {
    const { rate, cpu } = await measureThroughput(peer, payload);
    results.add(peer.name, 'rate', rate);
    results.add(peer.name, 'cpu', cpu);
    for (const ms of await measureEcho(peer, amount.keystrokes)) results.add(peer.name, 'echo', ms);
    const stop = await startFlood(bundle, peer);
    try {
      for (const ms of await measureEcho(peer, amount.keystrokes)) results.add(peer.name, 'echoFlood', ms);
    } finally {
      await stop();
    }
    for (let count = 0; count < amount.connects; count += 1) results.add(peer.name, 'firstByte', await measureFirstByte(peer));
    for (let count = 0; count < amount.interrupts; count += 1) results.add(peer.name, 'interrupt', await measureInterrupt(peer));
  }

  async function stamp(measure: keyof Results, viewers: number, terminals: (0 | 1)[]): Promise<void> {
    const lines: Line[] = [];
    for (let count = 0; count < viewers; count += 1) lines.push(await ours.open(terminals[count % terminals.length]));
    const drivers = terminals.map((_, index) => lines[index]!);
    for (const driver of drivers) await settled(driver);
    for (const ms of await measureStamps(lines, drivers, amount.seconds)) results.add(ours.name, measure, ms);
    for (const line of lines) line.close();
  }
}

/** What fails is said and leaves its cells empty: one broken peer must not cost the whole run. */
async function attempt<Result>(what: string, run: () => Promise<Result>): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${longestMs / 1000} s`)), longestMs);
  });
  try {
    return await Promise.race([run(), late]);
  } catch (error) {
    console.error(`${what}: not measured: ${error instanceof Error ? error.message : error}`);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
