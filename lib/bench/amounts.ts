// How much of everything a run of the terminal bench measures, and which scenarios.
import { parseArgs } from 'node:util';

export const scenarioNames = [
  'throughput',
  'echo',
  'echo-in-flood',
  'first-byte',
  'ctrl-c',
  'stall',
  'exits',
  'resume',
  'viewers',
  'terminals',
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export interface Amounts {
  only: readonly ScenarioName[];
  /** Without other web terminals, which have to be installed first. */
  alone: boolean;
  rounds: number;
  megabytes: number;
  keystrokes: number;
  connects: number;
  interrupts: number;
  /** MB printed before a viewer that does not read. */
  stalled: number;
  exits: number;
  resumes: number;
  viewers: number;
  terminals: number;
  /** How long viewers and terminals are watched. */
  seconds: number;
}

/** About eight minutes. */
const full = {
  rounds: 5,
  megabytes: 100,
  keystrokes: 100,
  connects: 10,
  interrupts: 3,
  stalled: 200,
  exits: 1000,
  resumes: 12,
  viewers: 500,
  terminals: 100,
  seconds: 8,
};
/** About two. */
const quick = { ...full, rounds: 2, megabytes: 30, keystrokes: 50, connects: 4, interrupts: 2, exits: 60, resumes: 3, seconds: 4 };

/**
 * @param words what follows `terminal` on the command line
 * @throws Error with a sentence when they make no sense
 */
export function readAmounts(words: string[]): Amounts {
  const options = { quick: { type: 'boolean' }, rounds: { type: 'string' }, only: { type: 'string' }, alone: { type: 'boolean' } } as const;
  const { values } = parseArgs({ args: words, options });
  const amounts = values.quick ? quick : full;
  const rounds = values.rounds === undefined ? amounts.rounds : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds takes a number from 1 on, not "${values.rounds}".`);
  return {
    ...amounts,
    rounds,
    alone: values.alone ?? false,
    only: values.only === undefined ? scenarioNames : values.only.split(',').map(readName),
  };
}

function readName(word: string): ScenarioName {
  const name = scenarioNames.find((known) => known === word);
  if (!name) throw new Error(`There is no scenario "${word}"; there are ${scenarioNames.join(', ')}.`);
  return name;
}
