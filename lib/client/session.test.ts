import { expect, test } from 'vitest';
import type { Run } from '#lib/shared/run.ts';
import { findWaiting, latestRun } from './session.ts';

function queued(id: string, step: string, queuedAt: number): [string, Run] {
  return [id, { id, step, queuedAt, chapter: 'c', terminal: 'shell', status: 'queued' }];
}

test('of a step’s runs the newest counts, in whatever order they are told', () => {
  const runs = new Map([queued('b', 'up', 20), queued('c', 'down', 30), queued('a', 'up', 10)]);
  expect(latestRun(runs, 'up')?.id).toBe('b');
  expect(latestRun(runs, 'never')).toBeNull();
});

test('a queued run knows what it waits for, and a terminal that could take it', () => {
  const [, run] = queued('b', 'up', 20);
  const running = new Map<string, Run>([
    ['a', { ...run, id: 'a', status: 'running', startedAt: 0, from: 0, question: null, reached: false }],
    ['b', run],
  ]);
  const at = (terminal: 'shell' | 'journal', status: 'prompt' | 'busy') =>
    ({ [terminal]: { terminal, status, directory: '~', size: { cols: 80, rows: 24 } } }) as const;
  expect(findWaiting(run, running, at('journal', 'prompt'))).toEqual({ blocker: 'a', other: 'journal' });
  expect(findWaiting(run, new Map([['b', run]]), at('journal', 'busy'))).toEqual({ blocker: null, other: null });
  // One that nobody has opened yet will be at its prompt.
  expect(findWaiting(run, running, at('shell', 'busy')).other).toBe('journal');
  expect(findWaiting(running.get('a') ?? null, running, {})).toEqual({ blocker: null, other: null });
});
