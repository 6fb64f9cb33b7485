import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createOutputLog } from './output-log.ts';
import { createViewers } from './viewer.ts';

const kibibyte = 1024;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function openLog() {
  const log = createOutputLog();
  let paused = false;
  const viewers = createViewers(log, {
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
    },
  });
  return {
    log,
    viewers,
    paused: () => paused,
    append(bytes: Buffer | string) {
      log.append(Buffer.from(bytes));
      viewers.appended();
    },
    watch(offset: number | null) {
      const frames: { offset: number; bytes: Buffer }[] = [];
      const gaps: [number, number][] = [];
      const viewer = viewers.attach({
        offset,
        send: (at, bytes) => frames.push({ offset: at, bytes }),
        gap: (from, to) => gaps.push([from, to]),
      });
      const end = () => frames.reduce((at, frame) => Math.max(at, frame.offset + frame.bytes.length), 0);
      return { viewer, frames, gaps, end, text: () => Buffer.concat(frames.map((frame) => frame.bytes)).toString() };
    },
  };
}

test('a quiet line sends in the same turn and a busy one gathers', () => {
  const { append, watch } = openLog();
  vi.advanceTimersByTime(100);
  const { frames } = watch(0);
  vi.advanceTimersByTime(0);
  append('a');
  vi.advanceTimersByTime(0);
  expect(frames.map((frame) => frame.bytes.toString())).toEqual(['a']);
  append('b');
  append('c');
  vi.advanceTimersByTime(1);
  expect(frames).toHaveLength(1);
  vi.advanceTimersByTime(4);
  expect(frames.map((frame) => frame.bytes.toString())).toEqual(['a', 'bc']);
});

test('what is gathered can be sent before something else is told, and nothing comes twice', () => {
  const { append, watch, viewers } = openLog();
  vi.advanceTimersByTime(100);
  const { text } = watch(0);
  append('a');
  vi.advanceTimersByTime(0);
  append('b');
  expect(text()).toBe('a');
  viewers.flush();
  expect(text()).toBe('ab');
  append('c');
  vi.advanceTimersByTime(10);
  expect(text()).toBe('abc');
});

test('frames are at most 64 KiB, and those that would make more than 256 KiB unacknowledged wait', () => {
  const { append, watch } = openLog();
  const { viewer, frames, end } = watch(0);
  append(Buffer.alloc(600 * kibibyte));
  vi.advanceTimersByTime(10);
  expect(Math.max(...frames.map((frame) => frame.bytes.length))).toBeLessThanOrEqual(64 * kibibyte);
  expect(end()).toBe(256 * kibibyte);
  viewer.ack(100 * kibibyte);
  expect(end()).toBe(320 * kibibyte);
});

test('a viewer that comes back with its offset gets exactly the rest', () => {
  const { append, watch } = openLog();
  append('hello, world');
  const { viewer, text } = watch(7);
  vi.advanceTimersByTime(10);
  expect([viewer.offset, text()]).toEqual([7, 'world']);
});

test('a newcomer gets the last screenfuls from the start of a line', () => {
  const { append, watch } = openLog();
  append(Buffer.alloc(400 * kibibyte, 'x'));
  append('\nlast line');
  const { viewer, text } = watch(null);
  vi.advanceTimersByTime(10);
  expect([viewer.offset, text()]).toEqual([400 * kibibyte + 1, 'last line']);
});

test('an offset from another life of the terminal is answered with where the output begins', () => {
  const { append, watch } = openLog();
  append('new life');
  expect(watch(1_000_000).viewer.offset).toBe(0);
});

test('what the log no longer has is told as a gap', () => {
  const { log, append, watch } = openLog();
  append(Buffer.alloc(3 * 1024 * kibibyte));
  const { gaps, frames } = watch(5);
  vi.advanceTimersByTime(10);
  expect(gaps).toEqual([[5, log.start]]);
  expect(frames[0]?.offset).toBe(log.start);
});

test('the fastest viewer paces the pty and a slower one falls behind to a gap', () => {
  const { log, append, watch, paused } = openLog();
  const fast = watch(0);
  const slow = watch(0);
  for (let round = 0; round < 100; round++) {
    append(Buffer.alloc(32 * kibibyte));
    vi.advanceTimersByTime(5);
    fast.viewer.ack(fast.end());
  }
  expect(paused()).toBe(false);
  expect(fast.end()).toBe(log.end);
  expect([slow.end(), slow.gaps]).toEqual([256 * kibibyte, []]);
  slow.viewer.ack(slow.end());
  expect(slow.gaps).toEqual([[256 * kibibyte, log.start]]);
});

test('the pty waits for a viewer that is far behind and goes on when it has caught up', () => {
  const { append, watch, paused } = openLog();
  const { viewer, end } = watch(0);
  append(Buffer.alloc(384 * kibibyte));
  vi.advanceTimersByTime(10);
  expect(paused()).toBe(false);
  append(Buffer.alloc(1));
  expect(paused()).toBe(true);
  viewer.ack(end());
  expect(paused()).toBe(true);
  viewer.ack(end());
  expect(paused()).toBe(false);
});

test('without viewers the log just rolls', () => {
  const { append, paused } = openLog();
  append(Buffer.alloc(5 * 1024 * kibibyte));
  expect(paused()).toBe(false);
});

test('a pty is held a few seconds for a viewer that went away, and not longer', () => {
  const { append, watch, paused } = openLog();
  const { viewer } = watch(0);
  append(Buffer.alloc(400 * kibibyte));
  viewer.close();
  vi.advanceTimersByTime(3000);
  expect(paused()).toBe(true);
  vi.advanceTimersByTime(2000);
  expect(paused()).toBe(false);
});

test('a viewer that acknowledges nothing holds up the program for ten seconds only, until it acknowledges again', () => {
  const { append, watch, paused } = openLog();
  const { viewer } = watch(0);
  append(Buffer.alloc(400 * kibibyte));
  vi.advanceTimersByTime(9000);
  expect(paused()).toBe(true);
  vi.advanceTimersByTime(2000);
  expect(paused()).toBe(false);
  append(Buffer.alloc(400 * kibibyte));
  expect(paused()).toBe(false);
  viewer.ack(1);
  expect(paused()).toBe(true);
});

test('the driver paces the pty, however fast another viewer is, and a slow viewer does not', () => {
  const { append, watch, paused } = openLog();
  const driver = watch(0);
  const other = watch(0);
  driver.viewer.drive(true);
  const acknowledgeAll = ({ viewer, end }: typeof other) => {
    for (let before = -1; before < end(); viewer.ack(end())) before = end();
  };
  append(Buffer.alloc(400 * kibibyte));
  vi.advanceTimersByTime(10);
  acknowledgeAll(other);
  expect(paused()).toBe(true);
  acknowledgeAll(driver);
  expect(paused()).toBe(false);
  driver.viewer.drive(false);
  other.viewer.drive(true);
  append(Buffer.alloc(400 * kibibyte));
  vi.advanceTimersByTime(10);
  acknowledgeAll(other);
  expect(paused()).toBe(false);
});

test('a driver that has stalled for ten seconds leaves the pace to the others', () => {
  const { append, watch, paused } = openLog();
  const driver = watch(0);
  const other = watch(0);
  driver.viewer.drive(true);
  append(Buffer.alloc(400 * kibibyte));
  vi.advanceTimersByTime(11_000);
  for (let before = -1; before < other.end(); other.viewer.ack(other.end())) before = other.end();
  expect(paused()).toBe(false);
  append(Buffer.alloc(200 * kibibyte));
  expect(paused()).toBe(false);
});
