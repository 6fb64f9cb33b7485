import { expect, test } from 'vitest';
import { median, quantile } from './statistics.ts';

test('the median is the middle sample, or the mean of the middle two', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 2, 9])).toBe(3);
  expect(median([])).toBeNaN();
});

test('a quantile is a sample, and the last one is the largest', () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(quantile(samples, 0.5)).toBe(51);
  expect(quantile(samples, 0.99)).toBe(100);
  expect(quantile(samples, 1)).toBe(100);
  expect(quantile([], 0.5)).toBeNaN();
});
