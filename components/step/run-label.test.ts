import { expect, test } from 'vitest';
import type { Run, RunState } from '#lib/shared/run.ts';
import { announceRun, describeRun, formatDuration } from './run-label.ts';

const identity = { id: 'r1', chapter: 'launch', step: 'start', terminal: 'shell', queuedAt: 1000 } as const;
const ended = { startedAt: 1000, duration: 2140, from: 0, to: 10 };

function run(state: RunState): Run {
  return { ...identity, ...state };
}

test('a queued run says which terminal it waits for', () => {
  expect(describeRun(run({ status: 'queued' }), 5000).text).toBe('Queued: waits until shell is at its prompt');
});

test('a running run counts whole seconds', () => {
  const running = run({ status: 'running', startedAt: 1000, from: 0, question: null, reached: false });
  expect(describeRun(running, 13_900)).toEqual({ tone: 'active', text: 'Running · 12 s', reason: null });
});

test('a clock that went back never shows negative seconds', () => {
  const running = run({ status: 'running', startedAt: 9000, from: 0, question: null, reached: false });
  expect(describeRun(running, 1000).text).toBe('Running · 0 s');
});

test('a run whose text was seen says that it still follows', () => {
  const following = run({ status: 'running', startedAt: 1000, from: 0, question: null, reached: true });
  expect(describeRun(following, 76_000).text).toBe('Seen — still following · 1 min 15 s');
  expect(announceRun('Follow the journal', following)).toBe('Follow the journal: seen, still following');
});

test('success is told with its duration', () => {
  expect(describeRun(run({ status: 'succeeded', ...ended }), 0)).toMatchObject({ tone: 'good', text: 'Succeeded in 2.1 s' });
  expect(announceRun('Start the cluster', run({ status: 'succeeded', ...ended }))).toBe('Start the cluster succeeded, 2.1 s');
});

test('failure is told with the exit status and the reason', () => {
  const failed = run({ status: 'failed', exitStatus: 127, reason: '`vagrat` is not a command.', ...ended });
  expect(describeRun(failed, 0)).toEqual({
    tone: 'bad',
    text: 'Failed with exit status 127 after 2.1 s',
    reason: '`vagrat` is not a command.',
  });
});

test('a run without exit status ran out of time', () => {
  expect(describeRun(run({ status: 'failed', exitStatus: null, reason: 'It took longer than 2 s.', ...ended }), 0).text).toBe(
    'Out of time after 2.1 s',
  );
});

test('a run that never began was taken out of the queue, one that had begun was stopped', () => {
  expect(describeRun(run({ status: 'cancelled' }), 0).text).toBe('Taken out of the queue');
  expect(describeRun(run({ status: 'cancelled', ...ended }), 0).text).toBe('Stopped after 2.1 s');
});

test('an interrupted run gives its reason', () => {
  expect(describeRun(run({ status: 'interrupted', reason: 'The app stopped.' }), 0)).toEqual({
    tone: 'bad',
    text: 'Interrupted',
    reason: 'The app stopped.',
  });
});

test('a question is announced with its words', () => {
  const asking = run({ status: 'running', startedAt: 0, from: 0, question: { text: 'Continue?', answer: 'yes' }, reached: false });
  expect(announceRun('Start the unit', asking)).toBe('Start the unit asks: Continue?');
});

test.each([
  [0, '0 ms'],
  [40, '40 ms'],
  [96, '0.1 s'],
  [2140, '2.1 s'],
  [9949, '9.9 s'],
  [9951, '10 s'],
  [59_400, '59 s'],
  [59_600, '1 min 00 s'],
  [65_000, '1 min 05 s'],
  [3_600_000, '60 min 00 s'],
])('%d ms reads %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
