import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openProgress } from './progress.ts';

function openIn(directory: string) {
  const reports: (string | null)[] = [];
  const report = (text: string | null) => void reports.push(text);
  return { progress: openProgress({ file: join(directory, 'progress.json'), report, failing: report }), reports };
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'progress-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('steps are kept in their order and known again after a restart', () => {
  const directory = temporaryDirectory();
  const { progress } = openIn(directory);
  expect([progress.add('clone'), progress.add('boot'), progress.add('clone')]).toEqual([true, true, false]);
  expect(openIn(directory).progress.steps()).toEqual(['clone', 'boot']);
  expect([progress.remove('clone'), progress.remove('clone')]).toEqual([true, false]);
  expect(openIn(directory).progress.steps()).toEqual(['boot']);
  expect(readdirSync(directory)).toEqual(['progress.json', 'progress.json.last']);
});

test('a file cut at any byte is set aside with a message, and nothing else is lost', () => {
  const directory = temporaryDirectory();
  openIn(directory).progress.add('clone');
  const file = join(directory, 'progress.json');
  const whole = readFileSync(file);
  for (let length = 0; length < whole.length - 1; length++) {
    writeFileSync(file, whole.subarray(0, length));
    const { progress, reports } = openIn(directory);
    expect(progress.steps()).toEqual([]);
    expect(reports).toEqual([expect.stringMatching(/progress\.json is damaged .* set aside as .*\.corrupt-/)]);
  }
});

test.each(['[]', '{"version":2,"steps":[]}', '{"version":1,"steps":[1]}', 'null', '\0\0\0'])(
  'a file that holds %j is set aside',
  (text) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'progress.json'), text);
    const { progress, reports } = openIn(directory);
    expect(reports).toHaveLength(1);
    expect(progress.add('clone')).toBe(true);
    expect(openIn(directory).progress.steps()).toEqual(['clone']);
  },
);

test('progress that cannot be written is told once, kept in memory, and saved by itself when that works again', async () => {
  const directory = temporaryDirectory();
  const { progress, reports } = openIn(join(directory, 'file', 'below'));
  writeFileSync(join(directory, 'file'), '');
  expect(progress.add('clone')).toBe(true);
  expect(progress.steps()).toEqual(['clone']);
  expect(progress.add('boot')).toBe(true);
  expect(reports).toEqual([expect.stringContaining('could not be saved')]);
  rmSync(join(directory, 'file'));
  await expect.poll(() => reports).toEqual([expect.any(String), null]);
  expect(openIn(join(directory, 'file', 'below')).progress.steps()).toEqual(['clone', 'boot']);
});
