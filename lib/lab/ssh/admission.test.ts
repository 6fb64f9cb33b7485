import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createAdmission } from './admission.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('whoever has not logged in after ten seconds is shown out, whatever was said meanwhile', () => {
  const admission = createAdmission();
  const [silent, talking, known] = [new PassThrough(), new PassThrough(), new PassThrough()];
  admission.admit(silent);
  admission.admit(talking).greeted();
  admission.admit(known).authenticated();
  vi.advanceTimersByTime(9999);
  expect([silent, talking, known].map(({ destroyed }) => destroyed)).toEqual([false, false, false]);
  vi.advanceTimersByTime(1);
  expect([silent, talking, known].map(({ destroyed }) => destroyed)).toEqual([true, true, false]);
});

test('a full room loses first who has said nothing, then who has waited longest', () => {
  const admission = createAdmission();
  const streams = Array.from({ length: 20 }, () => new PassThrough());
  const visitors = streams.map((stream) => admission.admit(stream));
  for (const [index, visitor] of visitors.entries()) if (index !== 7) visitor.greeted();
  admission.admit(new PassThrough()).greeted();
  expect(streams.flatMap(({ destroyed }, index) => (destroyed ? [index] : []))).toEqual([7]);
});

test('a crowd that comes at once replaces as many as it is', () => {
  const admission = createAdmission();
  const streams = Array.from({ length: 100 }, () => new PassThrough());
  for (const stream of streams) admission.admit(stream);
  expect(streams.filter(({ destroyed }) => !destroyed)).toEqual(streams.slice(80));
});

test('those who are in leave their place to others', () => {
  const admission = createAdmission();
  const streams = Array.from({ length: 40 }, () => new PassThrough());
  for (const stream of streams) admission.admit(stream).authenticated();
  expect(streams.some(({ destroyed }) => destroyed)).toBe(false);
});
