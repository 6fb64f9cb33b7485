import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Journal, openJournal } from './journal.ts';
import { journalFiles } from './journal-files.ts';

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'journal-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

async function open(directory: string, bootId = 'boot-1', now?: () => number): Promise<Journal> {
  return openJournal({ directory, hostname: 'core-01', bootId, ...(now && { now }) });
}

function say(journal: Journal, message: string, unit: string | null = 'a.service') {
  journal.append({ unit, identifier: 'test', pid: 7, message, priority: 6 });
}

async function messages(journal: Journal, query: Parameters<Journal['query']>[0] = {}) {
  return (await journal.query(query)).entries.map((entry) => entry.message);
}

test('a query sees what was appended just before it', async () => {
  const journal = await open(temporaryDirectory(), 'boot-1', () => 1000);
  say(journal, 'one');
  expect(await journal.query({})).toEqual({
    begin: 1000,
    end: 1000,
    entries: [{ time: 1000, unit: 'a.service', identifier: 'test', pid: 7, message: 'one', priority: 6, boot: 'boot-1' }],
  });
  journal.close();
});

test('queries select by unit, time, boot and number of lines', async () => {
  const directory = temporaryDirectory();
  const first = await open(directory, 'boot-1', () => 1000);
  say(first, 'old');
  first.close();
  let time = 2000;
  const journal = await open(directory, 'boot-2', () => time);
  say(journal, 'a1');
  say(journal, 'b1', 'b.service');
  time = 3000;
  say(journal, 'a2');
  expect(await messages(journal)).toEqual(['old', 'a1', 'b1', 'a2']);
  expect(await messages(journal, { unit: 'a.service', lines: 2 })).toEqual(['a1', 'a2']);
  expect(await messages(journal, { since: 2001 })).toEqual(['a2']);
  expect(await messages(journal, { boot: 'boot-2', unit: 'b.service' })).toEqual(['b1']);
  expect(await messages(journal, { lines: 0 })).toEqual([]);
  expect((await journal.query({ unit: 'none' })).begin).toBe(1000);
  journal.close();
});

test('a follower started with a query gets every later entry once', async () => {
  const journal = await open(temporaryDirectory());
  say(journal, 'before');
  const followed: string[] = [];
  const asked = journal.query({ unit: 'a.service' });
  const stop = journal.follow({ unit: 'a.service' }, (entry) => followed.push(entry.message));
  say(journal, 'after');
  say(journal, 'other', 'b.service');
  expect((await asked).entries.map((entry) => entry.message)).toEqual(['before']);
  expect(followed).toEqual(['after']);
  stop();
  say(journal, 'later');
  expect(followed).toEqual(['after']);
  journal.close();
});

test.each([1, 10, 40])('a tail torn by %i bytes costs that line only and is counted', async (cut) => {
  const directory = temporaryDirectory();
  const before = await open(directory);
  say(before, 'kept');
  say(before, 'torn');
  before.close();
  const path = join(directory, 'journal.jsonl');

  // The newline alone may be missing: then nothing is lost.
  truncateSync(path, statSync(path).size - cut);
  const journal = await open(directory);
  say(journal, 'new');
  expect(await messages(journal)).toEqual(cut === 1 ? ['kept', 'torn', 'new'] : ['kept', 'new']);
  expect(journal.damaged).toBe(cut === 1 ? 0 : 1);
  journal.close();
});

test('bytes that are no journal entries are skipped', async () => {
  const directory = temporaryDirectory();
  appendFileSync(join(directory, 'journal.jsonl'), Buffer.from([0, 0, 255, 10, 123, 10, ...Buffer.from('null\n{"time":1}\n')]));
  const journal = await open(directory);
  say(journal, 'good');
  expect(await messages(journal)).toEqual(['good']);
  expect(journal.damaged).toBe(3);
  journal.close();
});

test('the file is rotated when it is full, and one old file is kept', async () => {
  const directory = temporaryDirectory();
  const files = journalFiles(directory, 10_000);
  for (let index = 0; index < 1000; index++) {
    files.append(JSON.stringify({ time: index, message: 'x'.repeat(100) }));
    if (index % 10 === 0) await files.read();
  }
  const kept = (await files.read()).map((line) => JSON.parse(line) as { time: number });
  expect(kept.at(-1)!.time).toBe(999);
  expect(kept.map((entry) => entry.time)).toEqual(Array.from(kept, (_, index) => 1000 - kept.length + index));
  expect(readdirSync(directory).sort()).toEqual(['journal.1.jsonl', 'journal.jsonl']);
  expect(statSync(join(directory, 'journal.1.jsonl')).size).toBeLessThan(12_000);
  files.close();
});

test('a query under way is not disturbed by a rotation', async () => {
  const files = journalFiles(temporaryDirectory(), 1000);
  files.append(JSON.stringify({ time: 1, message: 'first' }));
  const reading = files.read();
  for (let index = 0; index < 100; index++) {
    files.append(JSON.stringify({ time: 2, message: 'x'.repeat(100) }));
    if (index % 20 === 0) void files.read();
  }
  expect(await reading).toEqual(['{"time":1,"message":"first"}']);
  files.close();
});

test('what was appended is on disk after the turn of the event loop', async () => {
  const directory = temporaryDirectory();
  const journal = await open(directory);
  say(journal, 'durable');
  await new Promise((resolve) => setImmediate(resolve));
  expect(readFileSync(join(directory, 'journal.jsonl'), 'utf8')).toContain('durable');
  journal.close();
});
