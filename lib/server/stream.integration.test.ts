import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { childrenOf, memory } from '#lib/bench/processes.ts';
import { socketOf } from '#lib/bench/reflector.ts';
import { type App, makeWorkspace, removeWorkspace, startApp } from '#lib/testing/app.ts';
import { openSocketPage, type SocketPage } from '#lib/testing/socket-page.ts';

const patience = { timeout: 60_000, interval: 50 };
const megabyte = 1024 * 1024;

test('random bytes, NULs and a line of 10 MB reach a viewer as they were printed, and one that comes back in their middle', async () => {
  const { app, page } = await launch();
  const printed = Buffer.concat([
    randomBytes(2 * megabyte),
    Buffer.alloc(70_000),
    Buffer.alloc(10 * megabyte, 'long line '),
    randomBytes(70_000),
  ]);
  const file = join(app.workspace, 'printed');
  writeFileSync(file, printed);
  page.type(`stty -opost; printf 'from%s' here; cat ${file}; printf 'to%s\\n' here; stty opost\r`);
  await expect.poll(page.received, patience).toBeGreaterThan(megabyte);
  const cut = page.received();
  page.socket.disconnect();
  const again = await openSocketPage(app);
  await again.attach({ offset: cut });
  await expect.poll(() => again.bytes().subarray(-1000).toString('latin1'), patience).toContain('tohere\n');
  const all = Buffer.concat([page.bytes(), again.bytes()]).toString('latin1');
  const from = all.indexOf('fromhere') + 'fromhere'.length;
  expect(digest(all.slice(from, from + printed.length))).toBe(digest(printed.toString('latin1')));
  expect(all.slice(from + printed.length)).toMatch(/^tohere\n/);
}, 120_000);

test('a viewer that takes nothing off its line costs the server little, however much is printed, and the others get everything', async () => {
  const { app, page } = await launch();
  const stalled = await openSocketPage(app);
  await stalled.attach();
  const size = 100;
  const command = `yes "${'x'.repeat(98)}" | head -c ${size * megabyte}; echo "all $((1 + 1))"\r`;
  const before = grown(app, 0);
  socketOf(stalled.socket)?.pause();
  page.type(command);
  await expect.poll(page.received, { ...patience, timeout: 100_000 }).toBeGreaterThan(size * megabyte);
  await expect.poll(() => page.bytes().subarray(-500).toString(), patience).toContain('all 2');
  expect(page.text().includes('[gap')).toBe(false);
  // Without a limit it would hold all that was printed.
  expect(grown(app, before)).toBeLessThan(size * 0.6);
  const missed = stalled.received();
  socketOf(stalled.socket)?.resume();
  await expect.poll(() => stalled.bytes().subarray(-500).toString(), patience).toContain('all 2');
  expect(missed).toBeLessThan(megabyte);
  expect(stalled.text()).toMatch(/\[gap \d{8,}\]/);
}, 180_000);

test('Ctrl-C stops a flood before more is shown than was under way', async () => {
  const { page } = await launch();
  const statuses: string[] = [];
  page.socket.on('terminal:state', ({ status }) => statuses.push(status));
  for (let round = 0; round < 3; round += 1) {
    page.type('yes "a flood that would not end by itself"\r');
    const from = page.received();
    await expect.poll(() => page.received() - from, patience).toBeGreaterThan(3 * megabyte);
    const pressed = page.received();
    page.type('\x03');
    await expect.poll(() => statuses.at(-1), patience).toBe('prompt');
    await new Promise((resolve) => setTimeout(resolve, 200));
    // In the log but not shown, in the pipe, on the line: at 20 MB/s they are a tenth of a second.
    expect(page.received() - pressed).toBeLessThan(2 * megabyte);
  }
}, 120_000);

function digest(text: string): string {
  return createHash('md5').update(text, 'latin1').digest('hex');
}

/** MB by which the server and its pty host have grown. */
function grown({ pid }: App, before: number): number {
  return memory([pid, ...childrenOf(pid, 'pty-host.mjs')]) - before;
}

async function launch(): Promise<{ app: App; page: SocketPage }> {
  const workspace = makeWorkspace();
  onTestFinished(() => removeWorkspace(workspace));
  const app = await startApp({ workspace });
  onTestFinished(async () => void (await app.stop()));
  const page = await openSocketPage(app);
  await page.attach();
  await expect.poll(page.text, patience).toMatch(/\$ /);
  return { app, page };
}
