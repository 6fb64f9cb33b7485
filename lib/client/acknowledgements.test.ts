import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createAcknowledgements } from './acknowledgements.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function fixture() {
  const sent: number[] = [];
  return { sent, acknowledgements: createAcknowledgements((offset) => sent.push(offset)) };
}

test('a flood is acknowledged at once, in portions', () => {
  const { sent, acknowledgements } = fixture();
  for (let offset = 0; offset <= 256 * 1024; offset += 16 * 1024) acknowledgements.taken(offset);
  expect(sent).toEqual([64, 128, 192, 256].map((kibibytes) => kibibytes * 1024));
});

test('single lines are acknowledged together, and the last one too', () => {
  const { sent, acknowledgements } = fixture();
  for (let offset = 80; offset <= 800; offset += 80) {
    acknowledgements.taken(offset);
    vi.advanceTimersByTime(100);
  }
  expect(sent).toEqual([160, 320, 480, 640, 800]);
  vi.advanceTimersByTime(10_000);
  expect(sent).toHaveLength(5);
});

test('of another log nothing is acknowledged until something of it was taken', () => {
  const { sent, acknowledgements } = fixture();
  acknowledgements.taken(5000);
  acknowledgements.restart(10);
  vi.advanceTimersByTime(1000);
  expect(sent).toEqual([]);
  acknowledgements.taken(13);
  vi.advanceTimersByTime(1000);
  expect(sent).toEqual([13]);
});
