import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Run } from '#lib/shared/run.ts';
import { openRunRecords } from './run-records.ts';

const queued = (id: string): Run => ({ id, chapter: 'etcd', step: 'boot', terminal: 'shell', queuedAt: 1, status: 'queued' });
const running = (id: string): Run => ({ ...queued(id), status: 'running', startedAt: 2, from: 10, question: null, reached: false });
const failed = (id: string): Run => ({
  ...queued(id),
  status: 'failed',
  startedAt: 2,
  duration: 3,
  from: 10,
  to: 20,
  exitStatus: 1,
  reason: 'It ended with exit status 1.',
});

test('ended runs are as they were, and what was under way is interrupted', () => {
  const { open } = temporary();
  const { save } = open();
  for (const run of [queued('a'), running('a'), failed('a'), queued('b'), running('b'), queued('c')]) save(run);
  expect(open().restored).toEqual([
    failed('a'),
    { ...queued('b'), status: 'interrupted', startedAt: 2, from: 10, reason: expect.stringContaining('The app ended') },
    { ...queued('c'), status: 'interrupted', reason: expect.stringContaining('The app ended') },
  ]);
});

test('a file cut at any byte keeps every run before the cut', () => {
  const { open, file, told } = temporary();
  const { save } = open();
  save(failed('a'));
  save(failed('b'));
  const whole = readFileSync(file);
  const first = whole.indexOf('\n') + 1;
  for (let length = 0; length < whole.length; length += 1) {
    writeFileSync(file, whole.subarray(0, length));
    expect(open().restored).toEqual(length < first ? [] : [failed('a')]);
  }
  expect(told).toEqual([]);
});

test('damaged lines are told, and the file is kept beside', () => {
  const { open, file, told, directory } = temporary();
  open().save(failed('a'));
  appendFileSync(file, 'nonsense\n{"status":"queued"}\n\0\n');
  expect(open().restored).toEqual([failed('a')]);
  expect(told).toEqual([expect.stringMatching(/runs\.jsonl had 3 damaged lines; it was kept as .*\.corrupt-/)]);
  expect(readdirSync(directory).some((name) => name.startsWith('runs.jsonl.corrupt-'))).toBe(true);
});

test('the newest thousand runs are kept, and the file does not grow without end', () => {
  const { open, file } = temporary();
  const { save } = open();
  for (let index = 0; index < 6000; index += 1) {
    save(queued(`r${index}`));
    save(failed(`r${index}`));
  }
  const { restored } = open();
  expect(restored).toHaveLength(1000);
  expect(restored.at(-1)).toEqual(failed('r5999'));
  expect(readFileSync(file, 'utf8').split('\n').length).toBeLessThan(10_100);
});

test('runs that cannot be written are told once, and written by themselves when that works again', async () => {
  const { open, directory, told } = temporary('below');
  writeFileSync(join(directory, 'below'), '');
  const { save } = open();
  save(failed('a'));
  save(failed('b'));
  expect(told).toEqual([expect.stringContaining('The runs cannot be saved')]);
  rmSync(join(directory, 'below'));
  await expect.poll(() => told).toEqual([expect.any(String), null]);
  expect(open().restored).toEqual([failed('a'), failed('b')]);
});

function temporary(below = '') {
  const directory = mkdtempSync(join(tmpdir(), 'runs-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, below, 'runs.jsonl');
  const told: (string | null)[] = [];
  const tell = (text: string | null) => void told.push(text);
  return { directory, file, told, open: () => openRunRecords({ file, report: tell, failing: tell }) };
}
