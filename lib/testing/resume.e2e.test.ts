// What a learner sees in a real browser when the app dies and comes back, and when a second window opens.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { loadContent } from '#lib/content/load-content.ts';
import { makeWorkspace, removeWorkspace, startApp } from './app.ts';
import { launchBrowser } from './browser.ts';
import { readTerminal, typeCommand } from './tutorial-page.ts';

const patience = { timeout: 30_000, interval: 100 };

test('after kill -9 of the app the page comes back by itself with everything, and no click is run again; a second window looks on until it takes over', async () => {
  const workspace = makeWorkspace();
  onTestFinished(() => removeWorkspace(workspace));
  const app = await startApp({ workspace });
  onTestFinished(async () => void (await app.stop()));
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const first = await context.newPage();
  await first.goto(app.url);

  const { chapters } = await loadContent(join(process.cwd(), 'content'));
  const chapter = chapters.find(({ blocks }) => blocks.some((block) => block.kind === 'step' && block.step.terminal === 'shell'));
  const block = chapter?.blocks.find((candidate) => candidate.kind === 'step');
  if (!chapter || block?.kind !== 'step') throw new Error('The content has no step to click.');
  await first.goto(`${app.origin}/${chapter.slug}`);
  const card = first.locator(`[data-step="${block.step.id}"]`);
  await card.getByRole('button', { name: /^Run/ }).click();
  await expect.poll(() => card.getAttribute('data-status'), patience).toBe('succeeded');
  await readAloud(first);
  await typeCommand(first, 'cd /usr && echo "before $((40 + 2))"');
  await expect.poll(() => readTerminal(first, 'shell'), patience).toContain('before 42');
  await first.waitForTimeout(300); // what a crash may cost of the output

  await app.stop('SIGKILL');
  await expect.poll(() => first.locator('[data-banner="connection"]').count(), patience).toBe(1);
  const next = await startApp({ workspace, words: ['--port', new URL(app.origin).port] });
  onTestFinished(async () => void (await next.stop()));
  expect(next.origin).toBe(app.origin);
  const back = performance.now();
  await expect.poll(() => readTerminal(first, 'shell'), patience).toContain('The app was restarted.');
  expect(performance.now() - back).toBeLessThan(3000);
  expect((await readTerminal(first, 'shell')).match(/before 42/g)).toHaveLength(1);
  expect(await first.locator('[data-banner="connection"]').count()).toBe(0);
  expect(await card.getAttribute('data-status')).toBe('succeeded');
  expect(runsOf(workspace)).toEqual([block.step.id]);

  const second = await context.newPage();
  await second.goto(first.url());
  await second.getByRole('button', { name: 'Take over' }).click();
  await first.getByRole('button', { name: 'Take over' }).waitFor();
  await typeCommand(second, 'echo "from the second, in $PWD"');
  await expect.poll(() => readTerminal(first, 'shell'), patience).toContain('from the second, in /usr');
  await second.close();
  await first.getByRole('button', { name: 'Take over' }).waitFor({ state: 'detached' });
  await typeCommand(first, 'echo "first again $((1 + 1))"');
  await expect.poll(() => readTerminal(first, 'shell'), patience).toContain('first again 2');
});

/** The steps of all runs there ever were, each once. */
function runsOf(workspace: string): string[] {
  const lines = readFileSync(join(workspace, 'state', 'runs.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return [...new Map(lines.map((line) => JSON.parse(line)).map(({ id, step }) => [id, step])).values()];
}

/** What the terminal shows can then be read: its picture is drawn on a canvas. */
async function readAloud(page: Page) {
  await page.locator('#app-panel-shell').getByRole('button', { name: 'Screen reader mode' }).click();
}
