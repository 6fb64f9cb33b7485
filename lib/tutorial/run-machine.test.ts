import { expect, test } from 'vitest';
import type { Run } from '#lib/shared/run.ts';
import { advance, type RunEvent } from './run-machine.ts';

const identity = { id: 'r1', chapter: 'etcd', step: 'boot', terminal: 'shell' as const, queuedAt: 1 };
const queued: Run = { ...identity, status: 'queued' };
const running: Run = { ...identity, status: 'running', startedAt: 10, from: 100, question: null, reached: false };
const question = { text: 'Sure?', answer: 'yes' };
const asking: Run = { ...running, question };
const reached: Run = { ...running, reached: true };
const span = { startedAt: 10, duration: 2000, from: 100, to: 200 };
const ended: Run[] = [
  { ...identity, ...span, status: 'succeeded' },
  { ...identity, ...span, status: 'failed', exitStatus: 1, reason: 'It ended with exit status 1.' },
  { ...identity, ...span, status: 'cancelled' },
  { ...identity, status: 'cancelled' },
  { ...identity, ...span, status: 'interrupted', reason: 'gone' },
];

const end = (exitStatus: number, stopped: 'learner' | 'timeout' | null = null): RunEvent => ({
  type: 'ended',
  duration: 2000,
  to: 200,
  exitStatus,
  stopped,
});
const events: Record<RunEvent['type'], RunEvent> = {
  started: { type: 'started', at: 10, from: 100 },
  shown: { type: 'shown', from: 150 },
  asked: { type: 'asked', question },
  answered: { type: 'answered' },
  reached: { type: 'reached' },
  ended: end(0),
  suspended: { type: 'suspended', duration: 2000, to: 200 },
  refused: { type: 'refused', at: 10, offset: 100, exitStatus: 2, reason: 'no' },
  cancelled: { type: 'cancelled' },
  interrupted: { type: 'interrupted', duration: 2000, to: 200, reason: 'gone' },
  abandoned: { type: 'abandoned', reason: 'gone' },
};

test.each<[string, Run, RunEvent, Run]>([
  ['a queued run starts', queued, events.started, running],
  [
    'a queued run that cannot be started fails at once',
    queued,
    events.refused,
    { ...identity, startedAt: 10, duration: 0, from: 100, to: 100, status: 'failed', exitStatus: 2, reason: 'no' },
  ],
  ['a queued run can be cancelled', queued, events.cancelled, { ...identity, status: 'cancelled' }],
  ['a queued run ends with its shell', queued, events.interrupted, { ...identity, status: 'interrupted', reason: 'gone' }],
  ['the output of a step begins after its lines', running, events.shown, { ...running, from: 150 }],
  ['a question is asked', running, events.asked, asking],
  ['a question is answered', asking, events.answered, running],
  ['the proof is seen', running, events.reached, reached],
  ['a status of zero is success', running, end(0), { ...identity, ...span, status: 'succeeded' }],
  [
    'any other status is failure',
    running,
    end(127),
    { ...identity, ...span, status: 'failed', exitStatus: 127, reason: 'It ended with exit status 127.' },
  ],
  ['a run that the learner stopped is cancelled', running, end(143, 'learner'), { ...identity, ...span, status: 'cancelled' }],
  ['a run that took the Ctrl-C well is cancelled all the same', running, end(0, 'learner'), { ...identity, ...span, status: 'cancelled' }],
  ['a Ctrl-C by hand is cancellation', running, end(130), { ...identity, ...span, status: 'cancelled' }],
  [
    'a run out of time fails without a status',
    running,
    end(130, 'timeout'),
    { ...identity, ...span, status: 'failed', exitStatus: null, reason: 'It ran out of time and was stopped after 2 seconds.' },
  ],
  ['a proven run succeeds when it is stopped', reached, end(130, 'learner'), { ...identity, ...span, status: 'succeeded' }],
  ['a proven run succeeds when Ctrl-C was typed', reached, end(130), { ...identity, ...span, status: 'succeeded' }],
  [
    'a run that was suspended is interrupted, and says how it goes on',
    running,
    events.suspended,
    { ...identity, ...span, status: 'interrupted', reason: expect.stringContaining('`fg` lets it go on') },
  ],
  ['a proven run succeeds when it was suspended', reached, events.suspended, { ...identity, ...span, status: 'succeeded' }],
  ['a queued run ends with the app', queued, events.abandoned, { ...identity, status: 'interrupted', reason: 'gone' }],
  [
    'a running run ends with the app, nobody knows when',
    asking,
    events.abandoned,
    { ...identity, startedAt: 10, from: 100, status: 'interrupted', reason: 'gone' },
  ],
  ['a running run ends with its shell', asking, events.interrupted, { ...identity, ...span, status: 'interrupted', reason: 'gone' }],
])('%s', (_title, run, event, expected) => {
  expect(advance(run, event)).toEqual(expected);
});

test('a run that has ended never changes again', () => {
  for (const run of ended) for (const event of Object.values(events)) expect(advance(run, event)).toBe(run);
});

test('events that mean nothing to a run leave it as it is', () => {
  for (const type of ['shown', 'asked', 'answered', 'reached', 'ended', 'suspended'] as const)
    expect(advance(queued, events[type])).toBe(queued);
  for (const type of ['started', 'refused', 'cancelled', 'answered'] as const) expect(advance(running, events[type])).toBe(running);
  expect(advance(reached, events.reached)).toBe(reached);
});
