// The order of events: rounds with every peer in turn, then what is measured once, then the table.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Amounts, ScenarioName } from './amounts.ts';
import { startFlood } from './background-flood.ts';
import { countInexactResumes, countLostTails, endFlood, measureStall } from './endurance.ts';
import type { Peer } from './line.ts';
import { writePayload } from './payload.ts';
import { measureRaw } from './raw-pty.ts';
import { openReflector } from './reflector.ts';
import { emptyResults, judge } from './results.ts';
import { measureEcho, measureFirstByte, measureInterrupt, measureThroughput } from './scenarios.ts';
import { measureTerminals, measureViewers } from './stamps.ts';
import { drawTable } from './table.ts';
import { openTtyd } from './ttyd.ts';
import { openWetty } from './wetty.ts';

/** No scenario takes longer, whatever a server does. */
const longestMs = 240_000;
/** The scenarios that repeat themselves stop here, and say how often they did. */
const repeatMs = 150_000;
/** A server that holds the program back before a stalled viewer may do so for ever: then it is not waited for. */
const stallMs = 30_000;
/** Peers lose tails in so many exits or they do not. */
const exitsOfPeers = 60;

/** @param bundle this program, for its child processes; the other bundles lie beside it */
export async function benchTerminal(bundle: string, amounts: Amounts): Promise<void> {
  const began = performance.now();
  const programs = dirname(bundle);
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const payload = await writePayload(join(directory, 'payload'), amounts.megabytes * 1e6);
  const small = await writePayload(join(directory, 'small'), 20e6);
  const results = emptyResults();
  const ours = await openReflector(programs);
  const peers: Peer[] = [ours];
  try {
    const others = { wetty: () => openWetty(resolve('node_modules', '.cache', 'bench')), ttyd: openTtyd };
    for (const [name, open] of Object.entries(amounts.alone ? {} : others)) {
      const peer = await attempt(name, open);
      if (peer) peers.push(peer);
    }

    const inRounds: Partial<Record<ScenarioName, (peer: Peer) => Promise<void>>> = {
      async throughput(peer) {
        const { rate, cpu } = await measureThroughput(peer, payload);
        results.add(peer.name, 'rate', rate);
        results.add(peer.name, 'cpu', cpu);
      },
      async echo(peer) {
        for (const ms of await measureEcho(peer, amounts.keystrokes)) results.add(peer.name, 'echo', ms);
      },
      async 'echo-in-flood'(peer) {
        const stop = await startFlood(bundle, peer);
        try {
          for (const ms of await measureEcho(peer, amounts.keystrokes)) results.add(peer.name, 'echoFlood', ms);
        } finally {
          await stop();
        }
      },
      async 'first-byte'(peer) {
        for (let count = 0; count < amounts.connects; count += 1) results.add(peer.name, 'firstByte', await measureFirstByte(peer));
      },
      async 'ctrl-c'(peer) {
        for (let count = 0; count < amounts.interrupts; count += 1) results.add(peer.name, 'interrupt', await measureInterrupt(peer));
      },
    };
    const repeated = amounts.only.filter((name) => inRounds[name]);
    for (let round = 1; round <= amounts.rounds && repeated.length > 0; round += 1) {
      if (repeated.includes('throughput')) {
        const raw = await measureRaw(bundle, payload);
        results.add('raw pty', 'rate', payload.size / raw.took / 1000);
        results.add('raw pty', 'cpu', (raw.cpu / payload.size) * 1e8);
      }
      for (const name of repeated) {
        for (const peer of peers) {
          report(`round ${round} of ${amounts.rounds}: ${name}, ${peer.name}`);
          await attempt(`${name}, ${peer.name}`, () => inRounds[name]!(peer));
        }
      }
    }

    for (const peer of peers) {
      await once('exits', peer.name, async () => {
        const exits = peer === ours ? amounts.exits : Math.min(amounts.exits, exitsOfPeers);
        const tails = await countLostTails(peer, small, exits, performance.now() + repeatMs);
        results.add(peer.name, 'lostTails', tails.lost);
        results.add(peer.name, 'exits', tails.done);
      });
    }
    // Last for the peers: not all of them recover from it.
    for (const peer of peers) {
      await once('stall', peer.name, async () => {
        const { peak, steady } = await measureStall(
          peer,
          payload,
          amounts.stalled * 1e6,
          join(directory, `${peers.indexOf(peer)}-done`),
          stallMs,
        );
        results.add(peer.name, 'stallPeak', peak);
        results.add(peer.name, 'stallSteady', steady);
        if (peer === ours) await endFlood(peer);
      });
    }
    await once('resume', ours.name, async () => {
      const { inexact, done, cuts } = await countInexactResumes(ours, small, amounts.resumes, performance.now() + repeatMs);
      results.add(ours.name, 'inexact', inexact);
      results.add(ours.name, 'resumes', done);
      results.add(ours.name, 'cuts', cuts);
    });
    await once('viewers', ours.name, async () => {
      for (const ms of await measureViewers(bundle, ours, amounts.viewers, amounts.seconds)) results.add(ours.name, 'viewers', ms);
    });
    await once('terminals', ours.name, async () => {
      for (const ms of await measureTerminals(bundle, amounts.terminals, amounts.seconds)) results.add(ours.name, 'terminals', ms);
    });
  } finally {
    for (const peer of peers) await peer.close();
    rmSync(directory, { recursive: true, force: true });
  }
  const columns = ['raw pty', ...peers.map(({ name }) => name)];
  const rows = judge(results, columns, amounts).filter(({ of }) => amounts.only.includes(of));
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  const machine = `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`;
  console.log(`${machine}; medians of ${amounts.rounds} rounds in turn; ${minutes} minutes.\n\n${drawTable(columns, rows)}`);

  async function once(name: ScenarioName, of: string, run: () => Promise<void>): Promise<void> {
    if (!amounts.only.includes(name)) return;
    report(`${name}, ${of}`);
    await attempt(`${name}, ${of}`, run);
  }

  function report(what: string): void {
    console.error(`${String(Math.round((performance.now() - began) / 1000)).padStart(4)} s  ${what}`);
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
