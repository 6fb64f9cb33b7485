import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createHostKeyStore } from './host-key-store.ts';

test('a machine keeps its keys, and no two machines get the same, however many ask at once', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'host-keys-'));
  // The store may be writing a spare key at that moment.
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 20 }));
  await writeFile(join(directory, 'spare-1.json'), '{"torn":');
  const machines = Array.from({ length: 5 }, (_, index) => join(directory, `core-0${index + 1}`));
  const store = createHostKeyStore(directory);
  const keys = await Promise.all(machines.map((machine) => store.keysOf(machine)));
  expect(new Set(keys.flat()).size).toBe(10);
  const later = createHostKeyStore(directory);
  expect(await later.keysOf(machines[2]!)).toEqual(keys[2]);
  expect(keys.flat()).not.toContain((await later.keysOf(join(directory, 'core-06')))[0]);
});
