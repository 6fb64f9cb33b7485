// Every sample of a run, and what it says about the goals.
import { median, quantile } from './statistics.ts';
import { type Row, round } from './table.ts';

/** Samples of each measure; times in ms, rates in MB/s, memory in MB, CPU in seconds per 100 MB. */
export type Results = Record<Measure, number[]>;
type Measure =
  | 'rate'
  | 'cpu'
  | 'echo'
  | 'echoFlood'
  | 'firstByte'
  | 'interrupt'
  | 'stallPeak'
  | 'stallSteady'
  | 'lostTails'
  | 'exits'
  | 'inexact'
  | 'resumes'
  | 'cuts'
  | 'viewers'
  | 'terminals';

export type AllResults = ReturnType<typeof emptyResults>;

export function emptyResults() {
  const samples = new Map<string, number[]>();
  return {
    add(peer: string, measure: Measure, value: number) {
      const key = `${peer}\0${measure}`;
      const known = samples.get(key);
      if (known) known.push(value);
      else samples.set(key, [value]);
    },
    of: (peer: string, measure: Measure): number[] => samples.get(`${peer}\0${measure}`) ?? [],
    /** Grows with every new kind of sample. */
    get count() {
      return samples.size;
    },
  };
}

/** @param wetty the name of wetty's column, when it could be measured */
export function judge(
  results: AllResults,
  ours: string,
  wetty: string | undefined,
  amount: { megabytes: number; stalled: number; viewers: number },
): Row[] {
  const peers = ['raw pty', ours, ...(wetty ? [wetty] : [])];
  const typical = (peer: string, measure: Measure) => median(results.of(peer, measure));
  const each = (show: (peer: string) => string | undefined) => Object.fromEntries(peers.map((peer) => [peer, show(peer)]));
  const middle = (measure: Measure) => each((peer) => (results.of(peer, measure).length ? round(typical(peer, measure)) : undefined));
  const tails = (measure: Measure) =>
    each((peer) => {
      const samples = results.of(peer, measure);
      return samples.length ? `${round(quantile(samples, 0.5))} / ${round(quantile(samples, 0.99))}` : undefined;
    });
  const ratio = (measure: Measure, to: string | undefined) => (to ? typical(ours, measure) / typical(to, measure) : Number.NaN);
  const atMost = (value: number, limit: number) => (Number.isNaN(value) ? null : value <= limit);
  const atLeast = (value: number, limit: number) => (Number.isNaN(value) ? null : value >= limit);
  const share = (part: Measure, whole: Measure) =>
    each((peer) => (results.of(peer, part).length ? `${typical(peer, part)} of ${typical(peer, whole)}` : undefined));
  const floodTail = quantile(results.of(ours, 'echoFlood'), 0.99);
  const viewersTail = quantile(results.of(ours, 'viewers'), 0.99);
  const terminalsTail = quantile(results.of(ours, 'terminals'), 0.99);

  return [
    {
      measure: `${amount.megabytes} MB through the terminal, MB/s`,
      values: middle('rate'),
      goal: `≥ 0.70 × raw (now ${round(ratio('rate', 'raw pty'))})`,
      met: atLeast(ratio('rate', 'raw pty'), 0.7),
    },
    { measure: '', values: {}, goal: `≥ 1.3 × wetty (now ${round(ratio('rate', wetty))})`, met: atLeast(ratio('rate', wetty), 1.3) },
    { measure: 'server CPU, s per 100 MB', values: middle('cpu'), goal: '≤ 1.1', met: atMost(typical(ours, 'cpu'), 1.1) },
    {
      measure: 'echo of a keystroke, p50 / p99 ms',
      values: tails('echo'),
      goal: `p50 ≤ 1/3 of wetty (now ${round(ratio('echo', wetty))})`,
      met: atMost(ratio('echo', wetty), 1 / 3),
    },
    { measure: 'echo, flood in another terminal, p50 / p99 ms', values: tails('echoFlood'), goal: 'p99 ≤ 15', met: atMost(floodTail, 15) },
    {
      measure: 'connect → first byte, ms',
      values: middle('firstByte'),
      goal: `≤ 1/2 of wetty (now ${round(ratio('firstByte', wetty))})`,
      met: atMost(ratio('firstByte', wetty), 0.5),
    },
    { measure: 'Ctrl-C in a flood → quiet, ms', values: middle('interrupt'), goal: '≤ 15', met: atMost(typical(ours, 'interrupt'), 15) },
    {
      measure: `viewer stalled during ${amount.stalled} MB: memory at most, MB`,
      values: middle('stallPeak'),
      goal: '≤ 32',
      met: atMost(typical(ours, 'stallPeak'), 32),
    },
    { measure: '… and afterwards, MB', values: middle('stallSteady'), goal: '≤ 4', met: atMost(typical(ours, 'stallSteady'), 4) },
    { measure: 'lost tails in so many exits', values: share('lostTails', 'exits'), goal: '0', met: atMost(typical(ours, 'lostTails'), 0) },
    {
      measure: `resumptions that were not exact (${round(typical(ours, 'cuts'))} cuts)`,
      values: { [ours]: share('inexact', 'resumes')[ours] },
      goal: '0',
      met: atMost(typical(ours, 'inexact'), 0),
    },
    {
      measure: `${amount.viewers} viewers of one terminal, p50 / p99 ms`,
      values: { [ours]: tails('viewers')[ours] },
      goal: 'p99 ≤ 35',
      met: atMost(viewersTail, 35),
    },
    {
      measure: 'both terminals × 10 lines/s, p50 / p99 ms',
      values: { [ours]: tails('terminals')[ours] },
      goal: 'p99 ≤ 5',
      met: atMost(terminalsTail, 5),
    },
  ];
}
