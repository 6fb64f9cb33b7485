import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { machineClock } from './machine-clock.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a timer stands still while its machine does, and takes the rest of its time afterwards', () => {
  const clock = machineClock(() => Date.now());
  const rang: string[] = [];
  clock.after(1000, () => rang.push('first'));
  clock.after(1000, () => rang.push('called off'))();
  vi.advanceTimersByTime(400);
  const before = clock.now();
  clock.pause();
  clock.after(100, () => rang.push('set while paused'));
  vi.advanceTimersByTime(60_000);
  expect(clock.now()).toBe(before);
  expect(rang).toEqual([]);
  clock.resume();
  vi.advanceTimersByTime(599);
  expect(rang).toEqual(['set while paused']);
  vi.advanceTimersByTime(1);
  expect(rang).toEqual(['set while paused', 'first']);
  expect(clock.now()).toBe(before + 600);
});

test('a time without end is no timer', () => {
  machineClock().after(Number.POSITIVE_INFINITY, () => {});
  expect(vi.getTimerCount()).toBe(0);
});
