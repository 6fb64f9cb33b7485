import { expect, test } from 'vitest';
import { readAmounts, scenarioNames } from './amounts.ts';

test('a run measures everything unless it is told which scenarios, and how often', () => {
  expect(readAmounts([])).toMatchObject({ only: scenarioNames, rounds: 5, exits: 1000, stalled: 200, alone: false });
  const words = ['--quick', '--rounds', '1', '--only', 'echo,stall', '--alone'];
  expect(readAmounts(words)).toMatchObject({ only: ['echo', 'stall'], rounds: 1, alone: true });
});

test('what makes no sense on the command line is said', () => {
  expect(() => readAmounts(['--only', 'ehco'])).toThrow('There is no scenario "ehco"; there are throughput, echo,');
  expect(() => readAmounts(['--rounds', 'many'])).toThrow('--rounds takes a number from 1 on, not "many".');
  expect(() => readAmounts(['--fast'])).toThrow("Unknown option '--fast'");
});
