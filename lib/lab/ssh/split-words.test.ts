import { expect, test } from 'vitest';
import { splitWords } from './split-words.ts';

test('quotes of either kind are taken off', () => {
  expect(splitWords('fleetctl fd-forward /var/run/fleet.sock')).toEqual(['fleetctl', 'fd-forward', '/var/run/fleet.sock']);
  expect(splitWords('"fleetctl" "fd-forward" \'/var/run/fleet.sock\'')).toEqual(['fleetctl', 'fd-forward', '/var/run/fleet.sock']);
  expect(splitWords('  journalctl "--unit"  "a b.service" ')).toEqual(['journalctl', '--unit', 'a b.service']);
  expect(splitWords('a"b c"d')).toEqual(['ab cd']);
  expect(splitWords('')).toEqual([]);
});

test.each(['a; b', 'a | b', 'a > f', 'a $HOME', 'a "$HOME"', 'a `b`', 'a && b', 'a *', 'a "b', 'a \\b', 'a\nb #c'])(
  'what only a shell understands is left to the shell: %j',
  (command) => {
    expect(splitWords(command)).toBeNull();
  },
);
