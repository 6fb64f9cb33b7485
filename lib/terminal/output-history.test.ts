import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { savedOutput } from '#lib/testing/saved-output.ts';
import { type OutputHistory, openOutputHistory } from './output-history.ts';
import { createOutputLog, type OutputLog } from './output-log.ts';

const mebibyte = 1024 * 1024;

test('after a restart the output is there, and its offsets go on', async () => {
  const { open } = temporary();
  const first = open();
  print(first, 'one\r\n');
  first.history.moved('/usr', 'declare -x A="1"\n');
  await first.history.close();

  const second = open();
  expect(second.history).toMatchObject({
    directory: '/usr',
    exports: 'declare -x A="1"\n',
    restored: { start: 0, bytes: Buffer.from('one\r\n') },
  });
  expect(second.log.end).toBe(5);
  print(second, 'two\r\n');
  await second.history.close();
  expect(open().text()).toBe('one\r\ntwo\r\n');
});

test('without a close, output is written a fifth of a second later', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { open, folder } = temporary();
  print(open(), 'printed');
  vi.advanceTimersByTime(200);
  vi.useRealTimers();
  await expect.poll(() => savedOutput(folder)).toBe('printed');
});

test('the files hold the newest 2 MiB, and as much as one segment more', async () => {
  const { open, folder } = temporary();
  const life = open();
  for (let round = 0; round < 40; round += 1) {
    print(life, String.fromCharCode(65 + (round % 26)).repeat(mebibyte / 4));
    if (round % 3 === 0) await life.history.close();
  }
  await life.history.close();
  const size = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  expect(size).toBeLessThanOrEqual(3 * mebibyte + 1024);
  const next = open();
  expect(next.log.end).toBe(10 * mebibyte);
  expect(next.text()).toBe(life.text());
});

test('more output at once than the log holds costs no more than the log holds', async () => {
  const { open } = temporary();
  const life = open();
  print(life, 'early');
  await life.history.close();
  for (let round = 0; round < 5; round += 1) print(life, String(round).repeat(mebibyte));
  await life.history.close();
  const next = open();
  expect(next.log.end).toBe(life.log.end);
  expect(next.text()).toBe(life.text());
});

test('a torn tail is only shorter, and a hole hides what lies before it', async () => {
  const { open, folder } = temporary();
  const life = open();
  print(life, 'a'.repeat(mebibyte) + 'b'.repeat(100));
  await life.history.close();
  const [first = '', last = ''] = readdirSync(folder).filter((name) => name.endsWith('.out'));
  truncateSync(join(folder, last), 60);
  expect(open().log.end).toBe(mebibyte + 60);
  truncateSync(join(folder, first), 10);
  expect(open()).toMatchObject({ log: { start: mebibyte, end: mebibyte + 60 } });
});

test('a page goes on only where both logs are the same', async () => {
  const { open } = temporary();
  const first = open();
  print(first, '0123456789');
  await first.history.close();
  print(first, 'never written');
  const second = open();
  expect(second.history.shares(first.history.id, 10)).toBe(true);
  expect(second.history.shares(first.history.id, 11)).toBe(false);
  expect(second.history.shares(second.history.id, 11)).toBe(true);
  expect(second.history.shares('another', 3)).toBe(false);
});

test.each(['', '{', 'null', '{"version":2,"id":"x","directory":"/"}', '{"version":1,"id":1}', '\0\0'])(
  'a damaged note of the last life (%j) costs the directory only',
  async (text) => {
    const { open, folder } = temporary();
    const life = open();
    print(life, 'kept');
    await life.history.close();
    writeFileSync(join(folder, 'life.json'), text);
    const next = open();
    expect(next.history.directory).toBeNull();
    expect(next.text()).toBe('kept');
  },
);

test('bytes that somebody else put at the end of a segment are not continued', async () => {
  const { open, folder } = temporary();
  const life = open();
  print(life, 'ours');
  await life.history.close();
  appendFileSync(join(folder, '0000000000000000.out'), 'theirs');
  print(life, ', and more');
  await life.history.close();
  expect(open().text()).toBe(', and more');
});

test('a folder that cannot be written is told once, and written when it can be again', async () => {
  const { open, folder, told } = temporary();
  const life = open();
  print(life, 'before ');
  await life.history.close();
  rmSync(folder, { recursive: true });
  writeFileSync(folder, 'in the way');
  print(life, 'meanwhile ');
  await life.history.close();
  await life.history.close();
  expect(told).toEqual([expect.stringMatching(/^The terminals' output cannot be saved in .* It is kept until the app stops\.$/)]);
  rmSync(folder);
  print(life, 'after');
  await life.history.close();
  expect(told[1]).toBeNull();
  expect(open().text()).toContain('meanwhile after');
});

interface Life {
  history: OutputHistory;
  log: OutputLog;
  text(): string;
}

function temporary() {
  const parent = mkdtempSync(join(tmpdir(), 'history-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const folder = join(parent, 'shell');
  mkdirSync(folder);
  const told: (string | null)[] = [];
  return { folder, told, open };

  function open(): Life {
    const history = openOutputHistory({ folder, failing: (message) => told.push(message) });
    const log = createOutputLog(history.restored.start);
    log.append(history.restored.bytes);
    return { history, log, text: () => log.slice(log.start, log.end).toString() };
  }
}

function print({ history, log }: Life, text: string): void {
  log.append(Buffer.from(text));
  history.appended(log);
}
