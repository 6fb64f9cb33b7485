import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from './json-file.ts';

const schema = z.strictObject({ version: z.literal(1), value: z.string() });

function open() {
  const directory = mkdtempSync(join(tmpdir(), 'json-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'state.json');
  const told: string[] = [];
  return {
    file,
    told,
    save: (value: string) => writeJsonFile(file, { version: 1, value }),
    load: () =>
      readJsonFile(
        file,
        (json) => schema.parse(json),
        (text) => void told.push(text),
      )?.value ?? null,
    aside: () => readdirSync(directory).filter((name) => name.includes('.corrupt-')),
  };
}

test.each<[string, (file: string) => void]>([
  ['is empty', (file) => writeFileSync(file, '')],
  ['holds only NULs', (file) => writeFileSync(file, Buffer.alloc(100))],
  ['is of a later version', (file) => writeFileSync(file, '{"version":2,"value":"new","more":1}')],
  ['is a hundred megabytes long', (file) => truncateSync(file, 100 * 1024 * 1024)],
  ['is something else', (file) => writeFileSync(file, '[]')],
])('of a file that %s the last good copy is used, and both are told', (_what, damage) => {
  const { file, told, save, load, aside } = open();
  save('first');
  save('second');
  damage(file);
  expect(load()).toBe('first');
  expect(told).toEqual([
    expect.stringMatching(/state\.json is damaged \([\s\S]*set aside as .*\.corrupt-.* The copy from before the last change is used\.$/),
  ]);
  expect(aside()).toHaveLength(1);
  save('third');
  expect(load()).toBe('third');
});

test('a file cut at any byte, or with any bit flipped, is right, or the last one is used', () => {
  const { file, save, load } = open();
  save('first');
  save('second');
  const whole = readFileSync(file);
  for (let at = 0; at < whole.length - 1; at += 1) {
    for (const bytes of [whole.subarray(0, at), flip(whole, at)]) {
      writeFileSync(file, bytes);
      const value = load();
      // A flipped bit may make another text; what is not a state of this version never counts.
      expect(value === 'first' || value?.length === 'second'.length).toBe(true);
      rmSync(file, { force: true });
    }
  }
});

test('without a copy there is nothing, and a file that is not there is no fault', () => {
  const { file, told, load } = open();
  expect([load(), told]).toEqual([null, []]);
  writeFileSync(file, '{');
  expect(load()).toBe(null);
  expect(told).toEqual([expect.stringMatching(/damaged .* set aside as \S+\.$/)]);
});

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = copy[at]! ^ (1 << (at % 8));
  return copy;
}
