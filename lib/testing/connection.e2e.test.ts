// What a learner sees when the connection is lost, the tab is frozen, the app is another one, or two windows are open.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { makeWorkspace, removeWorkspace, startApp } from './app.ts';
import { layLine } from './cuttable-line.ts';
import { atPrompt, openTutorial, readScreen, typeCommand, withoutWebgl } from './tutorial-page.ts';

const patience = { timeout: 30_000, interval: 50 };
/** What a page may take to come back once the way is free again. */
const returnMs = 3000;
/** Prints a number every 20 ms, so that a lost or doubled byte shows. */
const counting = 'for i in {1..400}; do echo "n$i"; sleep 0.02; done; echo "counted $((400 + 1))"';

test('a lost connection is told once, comes back by itself or by the button, loses and doubles no byte, and runs nothing again', async () => {
  const line = await layLine();
  const { app, page } = await openTutorial({ proxy: line.proxy }, withoutWebgl);
  await page.goto(`${app.origin}/introduction`);
  const step = page.locator('[data-step="hello"]');
  await step.getByRole('button', { name: /^Run/ }).click();
  await expect.poll(() => step.getAttribute('data-status'), patience).toBe('succeeded');
  await page.getByRole('button', { name: 'Reload the preview' }).click();
  await page.locator('iframe').waitFor();

  await typeCommand(page, counting);
  await expect.poll(() => readScreen(page), patience).toContain('\nn9\n');
  line.cut();
  const banner = page.locator('[data-banner="connection"]');
  await banner.waitFor();
  expect(await banner.textContent()).toContain('Connection to the app lost.');
  expect(await step.getByRole('button', { name: /^Run/ }).isDisabled()).toBe(true);
  // Not the browser's own error page.
  await page.getByText('The page comes back with the connection to the app.').waitFor();
  await page.locator('[data-terminal="shell"] .xterm-helper-textarea').focus();
  await page.keyboard.type('x'); // into a dead line: it must not arrive later
  await page.waitForTimeout(1000);
  line.mend();
  const mended = performance.now();
  await banner.waitFor({ state: 'detached' });
  expect(performance.now() - mended).toBeLessThan(returnMs);

  // Once more, and not waiting for the next attempt.
  line.cut();
  await banner.waitFor();
  await page.waitForTimeout(2500);
  line.mend();
  await page.getByRole('button', { name: 'Reconnect now' }).click();
  await banner.waitFor({ state: 'detached', timeout: 1000 });

  await expect.poll(() => readScreen(page), patience).toContain('\ncounted 401\n');
  await atPrompt(page);
  expect(await readScreen(page)).toMatch(/\ncounted 401\n~ \$$/);
  expect(await countedLines(page)).toEqual(Array.from({ length: 400 }, (_, index) => `n${index + 1}`));
  expect(runsOf(app.workspace)).toEqual(['hello']);
});

test('a tab that was frozen while its connection broke goes on where it was', async () => {
  const line = await layLine();
  const { app, page } = await openTutorial({ proxy: line.proxy }, withoutWebgl);
  await page.goto(`${app.origin}/introduction`);
  await atPrompt(page);
  await typeCommand(page, counting);
  await expect.poll(() => readScreen(page), patience).toContain('\nn5\n');
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  line.cut();
  await new Promise((resolve) => setTimeout(resolve, 3000));
  line.mend();
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  const thawed = performance.now();
  await page.locator('body:not(:has([data-banner="connection"]))').waitFor();
  await expect.poll(() => readScreen(page), patience).toMatch(/\nn[1-3]\d\d\n/);
  expect(performance.now() - thawed).toBeLessThan(returnMs + 1000);
  await expect.poll(() => readScreen(page), patience).toContain('\ncounted 401\n');
  expect(await countedLines(page)).toHaveLength(400);
});

test('a page of an app that was started anew elsewhere says what to open, and goes on once that is opened', async () => {
  const { app, page } = await openTutorial({}, withoutWebgl);
  await page.goto(`${app.origin}/introduction`);
  await atPrompt(page);
  await app.stop();
  const workspace = makeWorkspace();
  onTestFinished(() => removeWorkspace(workspace));
  const other = await startApp({ workspace, words: ['--port', new URL(app.origin).port] });
  onTestFinished(async () => void (await other.stop()));
  const banner = page.locator('[data-banner="connection"]');
  await expect.poll(() => banner.textContent(), patience).toContain('Open the address that npm start printed');
  const second = await page.context().newPage();
  await second.goto(other.url);
  await banner.waitFor({ state: 'detached' });
});

test('of two windows one types while the other sees it live; a short break does not cost it its place, and the other takes over', async () => {
  const line = await layLine();
  const { app, browser, page: first } = await openTutorial({ proxy: line.proxy }, withoutWebgl);
  await first.goto(`${app.origin}/introduction`);
  await atPrompt(first);
  // A window of another browser, whose own line stays whole.
  const second = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  await second.goto(app.url);
  await second.goto(`${app.origin}/introduction`);
  await second.getByRole('button', { name: 'Take over' }).waitFor();
  await typeCommand(first, 'echo "live $((40 + 2))"');
  await expect.poll(() => readScreen(second), patience).toContain('\nlive 42\n');
  await typeCommand(second, 'echo "never $((40 + 2))"');

  const run = first.locator('[data-step="hello"]').getByRole('button', { name: /^Run/ });
  line.cut();
  await expect.poll(() => run.isEnabled(), patience).toBe(false);
  line.mend();
  await expect.poll(() => run.isEnabled(), patience).toBe(true);
  await typeCommand(first, 'echo "still $((40 + 2))"');
  await expect.poll(() => readScreen(second), patience).toContain('\nstill 42\n');
  expect(await first.getByRole('button', { name: 'Take over' }).count()).toBe(0);

  await second.getByRole('button', { name: 'Take over' }).click();
  await first.getByRole('button', { name: 'Take over' }).waitFor();
  await typeCommand(second, 'echo "taken $((40 + 2))"');
  await expect.poll(() => readScreen(first), patience).toContain('\ntaken 42\n');
  expect(await readScreen(first)).not.toContain('never');
});

test('what happens is announced in short sentences, each once, and the output is read aloud only when that is asked for', async () => {
  const { app, page } = await openTutorial();
  await page.goto(`${app.origin}/introduction`);
  await atPrompt(page);
  expect(await page.locator('.xterm-accessibility').count()).toBe(0);
  await page.evaluate(() => {
    const heard: string[] = [];
    Object.assign(window, { heard });
    for (const region of document.querySelectorAll('[aria-live], [role=status], [role=alert]'))
      new MutationObserver(() => region.textContent?.trim() && heard.push(region.textContent.trim())).observe(region, {
        childList: true,
        characterData: true,
        subtree: true,
      });
  });
  const heard = () => page.evaluate(() => (window as unknown as { heard: string[] }).heard);
  for (const times of [1, 2]) {
    await page.locator('[data-step="hello"]').getByRole('button', { name: /^Run/ }).click();
    await expect.poll(heard, patience).toHaveLength(times);
  }
  await page.waitForTimeout(500);
  for (const sentence of await heard()) expect(sentence).toMatch(/^Say hello succeeded, \d.* m?s$/);
  expect(await heard()).toHaveLength(2);

  await page.locator('#app-panel-shell').getByRole('button', { name: 'Screen reader mode' }).click();
  await page.locator('[data-terminal="shell"] .xterm-accessibility').waitFor({ state: 'attached' });
  await page.reload();
  await page.locator('[data-terminal="shell"] .xterm-accessibility').waitFor({ state: 'attached' });
});

/** The numbers that were printed, in order, however far up they are: read screen by screen from the top of the scrollback. */
async function countedLines(page: Page): Promise<string[]> {
  const seen: string[] = [];
  await page.locator('[data-terminal="shell"] .xterm-helper-textarea').focus();
  for (let screen = 0; screen < 60; screen += 1) {
    const lines = (await readScreen(page)).split('\n').filter((row) => /^n\d+$/.test(row));
    const before = seen[0];
    const overlap = before === undefined ? lines.length : lines.lastIndexOf(before);
    seen.unshift(...(overlap < 0 ? lines : lines.slice(0, overlap)));
    if (lines.includes('n1') && before !== undefined) return seen;
    await page.keyboard.press('Shift+PageUp');
    await page.waitForTimeout(100);
  }
  return seen;
}

/** The steps of all runs there ever were, each once. */
function runsOf(workspace: string): string[] {
  const lines = readFileSync(join(workspace, 'state', 'runs.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return [...new Map(lines.map((line) => JSON.parse(line)).map(({ id, step }) => [id, step])).values()];
}
