// A page whose terminal is flooded stays responsive, keeps its memory, and stops the flood at once.
// FLOOD=full takes the half minute of random bytes and the gigabyte; otherwise less of the same.
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { childrenOf, memory } from '#lib/bench/processes.ts';
import { type PageLoad, type Watch, watchPage } from './page-load.ts';
import { atPrompt, openTutorial, readScreen, typeCommand, withoutWebgl } from './tutorial-page.ts';

const full = process.env.FLOOD === 'full';
const randomMs = full ? 30_000 : 8000;
const bulkMegabytes = full ? 1000 : 40;

const onLinux = process.platform === 'linux';
const patience = { timeout: 60_000, interval: 100 };

test('Ctrl-C in a flood brings the prompt back within half a second, and the page draws on', async () => {
  const { page, watch } = await openFlooded();
  for (const flood of ['yes', `yes "$(printf '%0100d' 0)"`]) {
    await typeCommand(page, flood);
    await page.waitForTimeout(2000);
    const took = await watch.pressCtrlC();
    const measured = await watch.take();
    report(flood, { ...measured, took });
    expect(took).toBeLessThan(500 * (await shareOfOthers()));
    await expectResponsive(measured);
    await atPrompt(page);
  }
});

test('random bytes leave the page alive, and the terminal can be reset by its key', async () => {
  const { page, watch, server } = await openFlooded();
  const before = { heap: await watch.settledHeap(), server: server() };
  await typeCommand(page, 'cat /dev/urandom');
  await page.waitForTimeout(randomMs);
  await page.keyboard.press('Control+c');
  const pressed = performance.now();
  await atPrompt(page);
  const took = performance.now() - pressed;
  const measured = await watch.take();
  const grown = { heap: (await watch.settledHeap()) - before.heap, server: server() - before.server };
  report(`${randomMs / 1000} s of random bytes`, { ...measured, took, grownHeap: grown.heap, grownServer: grown.server });
  expect(took).toBeLessThan(500 * (await shareOfOthers()) + 500); // the test itself looks only now and then
  await expectResponsive(measured);
  expect(grown.heap).toBeLessThan(40);
  expect(grown.server).toBeLessThan(120);

  // Whatever they were: half a sequence, another alphabet, no cursor, the other screen. What is typed now is read by nobody.
  await typeCommand(page, `printf '\\e[?1049h\\e(0\\e[?25l\\e[31;41m\\eP'`);
  await atPrompt(page);
  await page.keyboard.press('Control+Shift+L');
  await expect.poll(async () => (await readScreen(page)).trimEnd(), patience).toMatch(/\$$/);
  await typeCommand(page, 'echo "clean $((40 + 2))"');
  await expect.poll(() => readScreen(page), patience).toContain('\nclean 42\n');
});

test(
  'a line of 10 MB and a long output pass by without holding up the page, and memory stays bounded',
  async () => {
    const { page, watch, server } = await openFlooded();
    const before = { heap: await watch.settledHeap(), server: server() };
    let serverPeak = 0;
    const sampling = setInterval(() => (serverPeak = Math.max(serverPeak, server())), 250);
    onTestFinished(() => clearInterval(sampling));

    for (const [megabytes, command, end] of [
      [10, 'head -c 10M /dev/zero | tr "\\0" x; echo; echo "end $((1 + 1))"', 'end 2'],
      [bulkMegabytes, `yes "$(printf '%0100d' 0)" | head -c ${bulkMegabytes}M; echo; echo "end $((1 + 2))"`, 'end 3'],
    ] as const) {
      const began = performance.now();
      await typeCommand(page, command);
      await expect.poll(() => readScreen(page), { timeout: 20_000 + megabytes * 1500, interval: 200 }).toContain(`\n${end}\n`);
      await atPrompt(page);
      const seconds = (performance.now() - began) / 1000;
      const measured = await watch.take();
      report(`${megabytes} MB`, { ...measured, seconds, serverPeak: serverPeak - before.server });
      await expectResponsive(measured);
      expect(measured.heap - before.heap).toBeLessThan(150);
    }
    expect((await watch.settledHeap()) - before.heap).toBeLessThan(40);
    expect(serverPeak - before.server).toBeLessThan(150);
  },
  full ? 1_800_000 : undefined,
);

async function openFlooded(): Promise<{ page: Page; watch: Watch; server(): number }> {
  const { app, page } = await openTutorial({}, withoutWebgl);
  await page.goto(`${app.origin}/introduction`);
  await atPrompt(page);
  const watch = await watchPage(page);
  const pids = onLinux ? [app.pid, ...childrenOf(app.pid, 'pty-host')] : [];
  return { page, watch, server: () => memory(pids) };
}

/** Frames and tasks as long as this are seen, but nobody takes the page for dead. */
async function expectResponsive({ p95, longest }: PageLoad) {
  const share = await shareOfOthers();
  expect(p95).toBeLessThan(250 * share);
  expect(longest).toBeLessThan(500 * share);
}

/** Where more processes want to run than there are cores, each gets so many times less: over the last minute, or right now. */
async function shareOfOthers(): Promise<number> {
  const waiting: number[] = [loadavg()[0]!];
  for (let sample = 0; onLinux && sample < 5; sample += 1) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    waiting.push(Number(/(\d+)\//.exec(readFileSync('/proc/loadavg', 'utf8'))?.[1]));
  }
  return Math.max(1, Math.max(...waiting) / availableParallelism());
}

function report(what: string, figures: Record<string, number>) {
  const rounded = Object.entries(figures).map(([name, value]) => `${name} ${Math.round(value)}`);
  console.log(`${what.slice(0, 30)}: ${rounded.join(', ')} (ms, MB)`);
}
