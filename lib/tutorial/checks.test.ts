import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Step } from '#lib/shared/chapter.ts';
import type { CheckReport } from '#lib/shared/check.ts';
import type { Run, RunState } from '#lib/shared/run.ts';
import type { Terminal } from '#lib/terminal/terminal.ts';
import { createChecks } from './checks.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => void vi.useRealTimers());

function step(id: string, { requires = [] as string[], checked = true } = {}): Step {
  const none = { question: null, until: null, undo: null, expect: null };
  const check = checked ? { command: 'true', hint: `Look at ${id}.` } : null;
  return { id, title: id, command: 'true', terminal: 'shell', timeout: 60, requires, check, ...none };
}

/** A chapter whose checks answer with what `world` says, at once or when they are let go. */
function openChecks(...steps: Step[]) {
  const world = new Set<string>();
  const done = new Set<string>();
  const told: CheckReport[] = [];
  const asked: string[] = [];
  let gate = Promise.resolve();
  let atWork = 0;
  let most = 0;
  const checks = createChecks({
    checker: {
      async check({ id, check }) {
        asked.push(id);
        most = Math.max(most, ++atWork);
        await gate;
        atWork--;
        return world.has(id)
          ? { step: id, status: 'passed', hint: null, output: '' }
          : { step: id, status: 'failed', hint: check!.hint, output: 'why' };
      },
    },
    terminal: async () => ({}) as Terminal,
    steps: (chapter) => (chapter === 'c' ? steps : []),
    isDone: (id) => done.has(id),
    onDone: (id) => done.add(id),
    onCheck: (report) => told.push(report),
  });
  return {
    checks,
    world,
    done,
    asked,
    told: () => told.splice(0).map(({ step: id, status }) => `${id} ${status}`),
    most: () => most,
    hold() {
      let release = () => {};
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
  };
}

const ended = { startedAt: 1, duration: 5, from: 0, to: 9 };
const run = (id: string, state: RunState = { status: 'succeeded', ...ended }): Run => ({
  id: `run-${id}`,
  chapter: 'c',
  step: id,
  terminal: 'shell',
  queuedAt: 0,
  ...state,
});
const moment = () => vi.advanceTimersByTimeAsync(500);
const longer = () => vi.advanceTimersByTimeAsync(10_000);

test('a run that succeeded is done only when its check passes', async () => {
  const { checks, world, done, told } = openChecks(step('a'));
  checks.ran(run('a'));
  expect(told()).toEqual(['a running']);
  await longer();
  expect([told(), [...done]]).toEqual([['a failed'], []]);
  expect(checks.reports()).toEqual([{ step: 'a', status: 'failed', hint: 'Look at a.', output: 'why', passedAt: null }]);
  world.add('a');
  checks.ran(run('a'));
  await moment();
  expect([told(), [...done]]).toEqual([['a running', 'a passed'], ['a']]);
});

test('what a run has set in motion may take a moment to pass', async () => {
  const { checks, world, told } = openChecks(step('a'));
  checks.ran(run('a'));
  await vi.advanceTimersByTimeAsync(1200);
  world.add('a');
  await moment();
  expect(told()).toEqual(['a running', 'a passed']);
});

test('a run that failed is done all the same when the result is there', async () => {
  const { checks, world, done } = openChecks(step('a'));
  world.add('a');
  checks.ran(run('a', { status: 'failed', exitStatus: 128, reason: 'It exists.', ...ended }));
  await moment();
  expect([...done]).toEqual(['a']);
});

test('a step without a check is done when a run succeeded or has shown what it waits for, and not otherwise', () => {
  const { checks, done, told } = openChecks(step('a', { checked: false }), step('b', { checked: false }), step('c', { checked: false }));
  checks.ran(run('a'));
  checks.ran(run('b', { status: 'running', startedAt: 1, from: 0, question: null, reached: true }));
  checks.ran(run('c', { status: 'running', startedAt: 1, from: 0, question: null, reached: false }));
  checks.ran(run('c', { status: 'cancelled', ...ended }));
  expect([[...done], told()]).toEqual([['a', 'b'], []]);
});

test('what the learner typed is noticed while its chapter is open, and only then', async () => {
  const { checks, world, done, told, asked } = openChecks(step('a'));
  checks.changed();
  await longer();
  expect(asked).toEqual([]);
  checks.show('page', 'c');
  await moment();
  world.add('a');
  checks.changed();
  await moment();
  expect([told(), [...done]]).toEqual([['a failed', 'a passed'], ['a']]);
  checks.show('page', null);
  checks.changed();
  await longer();
  expect(asked).toEqual(['a', 'a']);
});

test('a result that is gone is told, and what was done stays done', async () => {
  const { checks, world, done, told } = openChecks(step('a'));
  world.add('a');
  checks.show('page', 'c');
  await moment();
  world.delete('a');
  checks.changed();
  await moment();
  expect([told(), [...done]]).toEqual([['a passed', 'a failed'], ['a']]);
  expect(checks.reports()[0]?.passedAt).toEqual(expect.any(Number));
});

test('after a restart no verdict is remembered: the chapter that a page opens is measured at once', async () => {
  const { checks, world, done, told } = openChecks(step('gone'), step('there'));
  for (const id of ['gone', 'there']) done.add(id); // as progress says that it was
  world.add('there');
  expect(checks.reports()).toEqual([]);
  checks.show('page', 'c');
  await moment();
  expect(told()).toEqual(['gone failed', 'there passed']);
  expect([...done]).toEqual(['gone', 'there']);
});

test('a check that passes before anything was done proves nothing yet', async () => {
  const { checks, world, done } = openChecks(step('up'), step('clean', { requires: ['up'] }));
  world.add('clean');
  checks.show('page', 'c');
  await moment();
  expect([...done]).toEqual([]);
  world.add('up').delete('clean');
  checks.changed();
  await moment();
  expect([...done]).toEqual(['up']);
  world.add('clean');
  checks.changed();
  await moment();
  expect([...done]).toEqual(['up', 'clean']);
});

test('a flood of changes never piles up: one check at a time, each step once a pass', async () => {
  const { checks, asked, most, hold } = openChecks(step('a'), step('b'), step('c'));
  for (const page of ['one', 'two', 'three']) checks.show(page, 'c');
  const release = hold();
  for (let count = 0; count < 1000; count++) {
    checks.changed();
    await vi.advanceTimersByTimeAsync(1);
  }
  await moment();
  expect(asked).toEqual(['a']);
  release();
  await longer();
  expect(most()).toBe(1);
  expect(asked.slice(1).toSorted()).toEqual(['a', 'b', 'c']);
});

test('the step that was just run goes before the others', async () => {
  const { checks, asked, hold } = openChecks(step('a'), step('b'), step('c'));
  const release = hold();
  checks.show('page', 'c');
  await moment();
  checks.ran(run('c', { status: 'failed', exitStatus: 1, reason: '', ...ended }));
  release();
  await longer();
  expect(asked).toEqual(['a', 'c', 'b']);
});

test('pages hear only of what is new to them', async () => {
  const { checks, told } = openChecks(step('a'));
  checks.show('page', 'c');
  for (let count = 0; count < 5; count++) {
    checks.changed();
    await moment();
  }
  expect(told()).toEqual(['a failed']);
});

test('a check that cannot be started is a failure with its reason, and closing ends everything', async () => {
  const told: CheckReport[] = [];
  const checks = createChecks({
    checker: { check: () => Promise.reject(new Error('No pty is left.')) },
    terminal: async () => ({}) as Terminal,
    steps: () => [step('a')],
    isDone: () => false,
    onDone: () => expect.fail('nothing is done'),
    onCheck: (report) => told.push(report),
  });
  checks.show('page', 'c');
  await moment();
  expect(told).toMatchObject([{ status: 'failed', hint: 'No pty is left.' }]);
  checks.close();
  checks.changed();
  expect(vi.getTimerCount()).toBe(0);
});
