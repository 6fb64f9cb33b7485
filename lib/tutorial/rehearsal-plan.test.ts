import { expect, test } from 'vitest';
import type { Chapter, Step } from '#lib/shared/chapter.ts';
import { planRehearsal } from './rehearsal-plan.ts';

function step(id: string, requires: string[] = []): Step {
  const none = { question: null, until: null, undo: null, expect: null, check: null };
  return { id, title: id, command: 'true', terminal: 'shell', timeout: 60, requires, ...none };
}

function chapter(number: number, slug: string, steps: Step[]): Chapter {
  const blocks = steps.map((each) => ({ kind: 'step' as const, step: each }));
  return { slug, number, title: slug, summary: '', minutes: 1, focus: null, headings: [], steps: steps.map(({ id }) => id), blocks };
}

const story = [
  chapter(1, 'tools', [step('clone'), step('look', ['clone'])]),
  chapter(2, 'cluster', [step('config', ['clone']), step('up', ['config'])]),
  chapter(3, 'launch', [step('launch', ['up'])]),
];
const ids = (only: string | null) => planRehearsal(story, only).map((each) => `${each.step.id}${each.preparation ? '*' : ''}`);

test('without a choice the whole story is played', () => {
  expect(ids(null)).toEqual(['clone', 'look', 'config', 'up', 'launch']);
});

test('a chapter by name or number comes with all that it builds on, and nothing else', () => {
  expect(ids('launch')).toEqual(['clone*', 'config*', 'up*', 'launch']);
  expect(ids('2')).toEqual(['clone*', 'config', 'up']);
});

test('a chapter that does not exist is answered with those that do', () => {
  expect(() => planRehearsal(story, 'lunch')).toThrow('There is no chapter "lunch". The chapters are tools, cluster, launch.');
});
