import { expect, test } from 'vitest';
import { readAmounts } from './amounts.ts';
import { emptyResults, judge } from './results.ts';

const amounts = readAmounts([]);

test('a goal in proportion to another terminal is judged where that terminal was measured', () => {
  const results = emptyResults();
  for (const [peer, echo, rate] of [
    ['raw pty', undefined, 100],
    ['this app', 0.6, 90],
    ['ttyd 1.7.7', 0.4, 100],
  ] as const) {
    if (echo) results.add(peer, 'echo', echo);
    results.add(peer, 'rate', rate);
  }
  const judged = (columns: string[], of: string) =>
    judge(results, columns, amounts)
      .filter((row) => row.of === of && row.ratio.includes('ttyd'))
      .map(({ ratio, goal, verdict }) => [ratio, goal, verdict]);
  const columns = ['raw pty', 'this app', 'ttyd 1.7.7'];
  expect(judged(columns, 'echo')).toEqual([['1.50 × ttyd', '≤ 2 (p50)', 'met']]);
  expect(judged(columns, 'throughput')).toEqual([['0.90 × ttyd', '≥ 0.95', '**missed by 5 %**']]);
  expect(judged(columns.slice(0, 2), 'echo')).toEqual([]);
  const alone = judge(results, columns.slice(0, 2), amounts).filter(({ of }) => of === 'echo');
  expect(alone).toMatchObject([{ measure: 'echo of a keystroke, p50 / p99 ms', goal: '', verdict: '' }]);
});
