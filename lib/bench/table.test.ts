import { expect, test } from 'vitest';
import { drawTable, verdict } from './table.ts';

test('a goal that is missed says by how much', () => {
  expect(verdict(0.7, '≥', 0.7)).toBe('met');
  expect(verdict(0.35, '≥', 0.7)).toBe('**missed by 50 %**');
  expect(verdict(18, '≤', 15)).toBe('**missed by 20 %**');
  expect(verdict(15.01, '≤', 15)).toBe('**missed by 1 %**');
  expect(verdict(3, '≤', 0)).toBe('**missed by 3**');
  expect(verdict(Number.NaN, '≤', 0)).toBe('not measured');
});

test('a peer that was not measured leaves its cell empty', () => {
  const row = {
    of: 'echo',
    measure: 'echo, ms',
    values: { 'this app': '0.60' },
    ratio: '0.30 × wetty',
    goal: '≤ 1/3',
    verdict: 'met',
  } as const;
  expect(drawTable(['this app', 'wetty'], [row]).split('\n').at(-1)).toBe('| echo, ms | 0.60 |  | 0.30 × wetty | ≤ 1/3 | met |');
});
