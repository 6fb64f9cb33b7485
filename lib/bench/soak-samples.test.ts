import { expect, test } from 'vitest';
import { findGrowth, type Sample, slopeOf } from './soak-samples.ts';

/** A sample a minute. */
function series(memory: (at: number) => number, files = (_at: number) => 20, processes = (_at: number) => 8, minutes = 30): Sample[] {
  return Array.from({ length: minutes }, (_, at) => ({
    at,
    processes: processes(at),
    programs: { server: { memory: memory(at), files: files(at) } },
  }));
}

test('what goes up and down is flat, and what grew while it warmed up does not count', () => {
  expect(
    findGrowth(
      series((at) => 200 + 10 * Math.sin(at) + Math.min(at, 5) * 20),
      5,
    ),
  ).toEqual([]);
  expect(
    findGrowth(
      series(
        () => 100,
        (at) => 20 + (at % 3),
      ),
      5,
    ),
  ).toEqual([]);
});

test('memory that grows by more than a megabyte a minute is told', () => {
  expect(
    findGrowth(
      series((at) => 100 + 2 * at),
      5,
    ),
  ).toEqual(['server grew by 2.0 MB a minute, 48 MB in all; 1 is the limit.']);
  expect(
    findGrowth(
      series((at) => 100 + 0.9 * at),
      5,
    ),
  ).toEqual([]);
});

test('a file or process that stays each round is told', () => {
  expect(
    findGrowth(
      series(
        () => 100,
        (at) => 20 + at,
      ),
      5,
    ),
  ).toEqual([expect.stringMatching(/^server has \d+ open files more/)]);
  expect(
    findGrowth(
      series(
        () => 100,
        () => 20,
        (at) => 8 + Math.floor(at / 4),
      ),
      5,
    ),
  ).toEqual([expect.stringMatching(/^There are \d processes more/)]);
});

test('a run that was too short says so', () => {
  expect(findGrowth(series(() => 100).slice(0, 6), 5)).toEqual([expect.stringContaining('too few to tell')]);
});

test('a slope is that of the best line', () => {
  expect(
    slopeOf([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
  ).toBeCloseTo(2);
  expect(slopeOf([[1, 1]])).toBe(0);
});
