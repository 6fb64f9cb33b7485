import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type ContainerLog, openContainerLog } from './container-log.ts';

const forever = new AbortController().signal;

test('output becomes lines, each stream on its own, and the last one counts without its end', async () => {
  const { log } = await openLog();
  log.begin();
  log.append('stdout', Buffer.from('one\ntw'));
  log.append('stderr', Buffer.from('problem\n'));
  log.append('stdout', Buffer.from('o\nthree'));
  await log.finish();
  expect(await texts(log)).toEqual(['one\n', 'problem\n', 'two\n', 'three']);
});

test('a character is not cut where a long line is', async () => {
  const { log } = await openLog();
  const long = `${'x'.repeat(16 * 1024 - 1)}é!\n`;
  log.append('stdout', Buffer.from(long));
  await log.finish();
  const lines = await texts(log);
  expect(lines).toHaveLength(2);
  expect(lines.join('')).toBe(long);
});

test('tail gives the last lines only', async () => {
  const { log } = await openLog();
  log.append('stdout', Buffer.from('1\n2\n3\n'));
  await log.finish();
  expect(await texts(log, { tail: 2 })).toEqual(['2\n', '3\n']);
  expect(await texts(log, { tail: 0 })).toEqual([]);
});

test('a reader that follows sees every line once and ends with the program', async () => {
  const { log } = await openLog();
  log.begin();
  log.append('stdout', Buffer.from('before\n'));
  const following = texts(log, { follow: true });
  for (let number = 0; number < 200; number++) {
    log.append('stdout', Buffer.from(`${number}\n`));
    if (number % 20 === 0) await new Promise(setImmediate);
  }
  await log.finish();
  expect(await following).toEqual(['before\n', ...Array.from({ length: 200 }, (_, number) => `${number}\n`)]);
});

test('a reader that follows ends when it is no longer wanted', async () => {
  const { log } = await openLog();
  log.begin();
  const wanted = new AbortController();
  const following = texts(log, { follow: true, signal: wanted.signal });
  wanted.abort();
  expect(await following).toEqual([]);
});

test('the log is there again after a restart, and a torn entry is left out', async () => {
  const { path, log } = await openLog();
  log.append('stdout', Buffer.from('kept\n'));
  await log.finish();
  await log.close();
  await appendFile(path, '{"log":"to');
  const again = await openContainerLog(path);
  onTestFinished(() => again.close());
  again.append('stdout', Buffer.from('next\n'));
  await again.finish();
  expect(await texts(again)).toEqual(['kept\n', 'next\n']);
});

test('a flood keeps two files, the newest lines, and asks the program to wait', async () => {
  const { path, log } = await openLog();
  const chunk = Buffer.from(`${'x'.repeat(1000)}\n`.repeat(500));
  let waits = 0;
  for (let part = 0; part < 60; part++) {
    if (log.append('stdout', chunk)) continue;
    waits++;
    await log.drained();
  }
  log.append('stdout', Buffer.from('last\n'));
  await log.finish();
  expect(waits).toBeGreaterThan(0);
  expect((await readdir(join(path, '..'))).sort()).toEqual(['container.log', 'container.log.1']);
  expect(await texts(log, { tail: 1 })).toEqual(['last\n']);
});

async function texts(log: ContainerLog, options: { tail?: number; follow?: boolean; signal?: AbortSignal } = {}) {
  const lines: string[] = [];
  for await (const line of log.read({ tail: Number.POSITIVE_INFINITY, follow: false, signal: forever, ...options })) lines.push(line.log);
  return lines;
}

async function openLog() {
  const directory = await mkdtemp(join(tmpdir(), 'docker-'));
  const path = join(directory, 'container.log');
  const log = await openContainerLog(path);
  onTestFinished(async () => {
    await log.close().catch(() => undefined); // the test closed it
    await rm(directory, { recursive: true, force: true });
  });
  return { path, log };
}
