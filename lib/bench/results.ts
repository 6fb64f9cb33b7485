// Every sample of a run, and what it says about the goals.
import type { Amounts } from './amounts.ts';
import { median, quantile } from './statistics.ts';
import { type Row, round, verdict } from './table.ts';

/** Samples of each measure; times in ms, rates in MB/s, memory in MB, CPU in seconds per 100 MB. */
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

export type Results = ReturnType<typeof emptyResults>;

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
  };
}

/** @param columns the raw pty loop, this app, and the peers that could be started */
export function judge(results: Results, columns: string[], amounts: Amounts): Row[] {
  const [raw = '', ours = ''] = columns;
  const typical = (peer: string, measure: Measure) => median(results.of(peer, measure));
  const tail = (measure: Measure) => quantile(results.of(ours, measure), 0.99);
  const each = (measure: Measure, show: (peer: string) => string) =>
    Object.fromEntries(columns.filter((peer) => results.of(peer, measure).length > 0).map((peer) => [peer, show(peer)]));
  const middle = (measure: Measure) => each(measure, (peer) => round(typical(peer, measure)));
  const tails = (measure: Measure) =>
    each(measure, (peer) => [0.5, 0.99].map((part) => round(quantile(results.of(peer, measure), part))).join(' / '));
  const share = (part: Measure, whole: Measure) => each(part, (peer) => `${typical(peer, part)} of ${typical(peer, whole)}`);
  const against = (peer: string, measure: Measure) => typical(ours, measure) / typical(peer, measure);

  /** A goal in proportion to a peer, one row for each peer that has one. */
  function inProportion(
    row: Pick<Row, 'of' | 'measure' | 'values'>,
    measure: Measure,
    goals: [RegExp, '≤' | '≥', number, string][],
  ): Row[] {
    const judged = goals.flatMap(([name, relation, limit, words]) => {
      const peer = columns.find((column) => name.test(column));
      if (!peer) return [];
      const ratio = against(peer, measure);
      return [{ ratio: `${round(ratio)} × ${peer.split(' ')[0]}`, goal: `${relation} ${words}`, verdict: verdict(ratio, relation, limit) }];
    });
    // Measured alone, the figure has nothing to be judged by.
    if (judged.length === 0) return [{ ...row, ratio: '', goal: '', verdict: '' }];
    return judged.map((goal, index) => ({ ...(index === 0 ? row : { of: row.of, measure: '', values: {} }), ...goal }));
  }

  function absolute(row: Pick<Row, 'of' | 'measure' | 'values'>, figure: number, limit: number, words = `${limit}`): Row {
    return { ...row, ratio: '', goal: `≤ ${words}`, verdict: verdict(figure, '≤', limit) };
  }

  return [
    ...inProportion({ of: 'throughput', measure: `${amounts.megabytes} MB through the terminal, MB/s`, values: middle('rate') }, 'rate', [
      [/^raw/, '≥', 0.7, '0.70'],
      [/^wetty/, '≥', 1.3, '1.3'],
      [/^ttyd/, '≥', 0.95, '0.95'],
    ]),
    {
      ...absolute({ of: 'throughput', measure: 'server CPU, s per 100 MB', values: middle('cpu') }, typical(ours, 'cpu'), 1.1),
      ratio: `${round(against(raw, 'cpu'))} × raw`,
    },
    ...inProportion({ of: 'echo', measure: 'echo of a keystroke, p50 / p99 ms', values: tails('echo') }, 'echo', [
      [/^wetty/, '≤', 1 / 3, '1/3 (p50)'],
      [/^ttyd/, '≤', 2, '2 (p50)'],
    ]),
    absolute(
      { of: 'echo-in-flood', measure: 'echo, flood in another terminal, p50 / p99 ms', values: tails('echoFlood') },
      tail('echoFlood'),
      15,
      '15 (p99)',
    ),
    ...inProportion({ of: 'first-byte', measure: 'connect → first byte, ms', values: middle('firstByte') }, 'firstByte', [
      [/^wetty/, '≤', 0.5, '1/2'],
    ]),
    absolute({ of: 'ctrl-c', measure: 'Ctrl-C in a flood → quiet, ms', values: middle('interrupt') }, typical(ours, 'interrupt'), 15),
    absolute(
      { of: 'stall', measure: `viewer stalled during ${amounts.stalled} MB: memory at most, MB`, values: middle('stallPeak') },
      typical(ours, 'stallPeak'),
      32,
    ),
    absolute({ of: 'stall', measure: '… and afterwards, MB', values: middle('stallSteady') }, typical(ours, 'stallSteady'), 4),
    absolute({ of: 'exits', measure: 'lost tails', values: share('lostTails', 'exits') }, typical(ours, 'lostTails'), 0),
    absolute(
      {
        of: 'resume',
        measure: `resumptions that were not exact (${round(typical(ours, 'cuts'))} cuts)`,
        values: share('inexact', 'resumes'),
      },
      typical(ours, 'inexact'),
      0,
    ),
    absolute(
      { of: 'viewers', measure: `${amounts.viewers} viewers of one terminal, p50 / p99 ms`, values: tails('viewers') },
      tail('viewers'),
      35,
      '35 (p99)',
    ),
    absolute(
      { of: 'terminals', measure: `${amounts.terminals} terminals × 10 lines/s, p50 / p99 ms`, values: tails('terminals') },
      tail('terminals'),
      5,
      '5 (p99)',
    ),
  ];
}
