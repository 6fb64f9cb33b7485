// The whole story in a real browser: every step of every chapter by click, then a command by hand.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { loadContent } from '#lib/content/load-content.ts';
import type { Step } from '#lib/shared/chapter.ts';
import { openTutorial, readTerminal } from './tutorial-page.ts';

const runLimit = 60_000;

test('a learner clicks through every chapter, reads their own request in the preview, and types in the same terminal', async () => {
  await occupyPort2222();
  const { page, problems } = await openTutorial();
  const { chapters } = await loadContent(join(process.cwd(), 'content'));

  for (const chapter of chapters) {
    await page.goto(new URL(`/${chapter.slug}`, page.url()).href);
    for (const block of chapter.blocks) {
      if (block.kind !== 'step') continue;
      await clickThrough(page, block.step);
      if (block.step.id === 'cluster-up') await seeTheForwardedPort(page);
      if (block.step.id === 'journal') await seeTheReflectedRequest(page);
      if (block.step.id === 'deploy') await seeWhichReflectorAnswers(page);
    }
  }

  await openTerminal(page, 'shell');
  await page.keyboard.type('echo "typed by $((40 + 2)) hands"');
  await page.keyboard.press('Enter');
  await expect.poll(() => screenText(page, 'shell'), { timeout: runLimit }).toContain('typed by 42 hands');
  expect(problems()).toEqual([]);
});

/** Runs one step and sees it succeed, or, when it follows something, sees what it waits for. */
async function clickThrough(page: Page, step: Step) {
  const card = page.locator(`[data-step="${step.id}"]`);
  await card.getByRole('button', { name: /^Run/ }).click();
  const answer = card.getByRole('button', { name: /^Answer/ });
  const settled = step.until
    ? card.getByText('Seen — still following')
    : page.locator(`[data-step="${step.id}"]:is([data-status=succeeded], [data-status=failed], [data-status=interrupted])`);
  await settled.or(answer).first().waitFor({ timeout: runLimit });
  if (await answer.isVisible()) await answer.click();
  await settled.first().waitFor({ timeout: runLimit });
  const status = await card.getAttribute('data-status');
  expect({ step: step.id, status }, await screenText(page, step.terminal)).toEqual({
    step: step.id,
    status: step.until ? 'running' : 'succeeded',
  });
  if (step.check) await page.locator(`[data-step="${step.id}"][data-check=passed] [data-proven=true]`).waitFor({ timeout: runLimit });
  if (step.until) {
    // Long lines are folded at the terminal's edge.
    const text = async () => (await screenText(page, step.terminal)).replaceAll('\n', '');
    await expect.poll(text, { timeout: runLimit }).toContain(step.until);
  }
}

/** So that Vagrant has to forward another port to the machine's SSH server, and the page to learn which. */
async function occupyPort2222() {
  const holder = createServer((socket) => void socket.destroy());
  const settled = Promise.race([once(holder, 'listening'), once(holder, 'error')]); // somebody else may hold it
  holder.listen(2222, '127.0.0.1');
  onTestFinished(() => void holder.close());
  await settled.catch(() => undefined);
}

async function seeTheForwardedPort(page: Page) {
  const port = /22 \(guest\) => (\d+) \(host\)/.exec(await screenText(page, 'shell'))?.[1];
  const command = page.locator('[data-step="list-machines"] .step-command');
  await expect.poll(() => command.textContent(), { timeout: runLimit }).toContain(`--tunnel 127.0.0.1:${port} list-machines`);
}

async function seeTheReflectedRequest(page: Page) {
  const frame = page.frameLocator('iframe');
  // Not innerText: a browser without fonts lays out no text.
  const text = async () => (await frame.locator('body').textContent()) ?? '';
  await expect.poll(text, { timeout: runLimit }).toContain("I've received your request loud and clear.");
  const lines = (await text()).split('\n');
  expect(lines).toContain('Host: 172.17.8.101');
  expect(lines).toContain('httpVersion: 1.1');
  expect(lines).toContain('Method: GET');
  expect(lines).toContain('URL: /');
  expect(lines.find((line) => line.startsWith('Accept: '))).toContain('text/html');
}

/** The preview follows the server from machine to machine by itself. */
async function seeWhichReflectorAnswers(page: Page) {
  const body = page.frameLocator('iframe').locator('body');
  await expect.poll(async () => (await body.textContent()) ?? '', { timeout: runLimit }).toMatch(/^Hi from reflector [12]\. /);
}

/** What the terminal shows; turns on its text for screen readers where that is off, because its picture is drawn on a canvas. */
async function screenText(page: Page, terminal: string): Promise<string> {
  await showTerminal(page, terminal);
  const reader = page.locator(`#app-panel-${terminal}`).getByRole('button', { name: 'Screen reader mode' });
  if ((await reader.getAttribute('aria-pressed')) !== 'true') await reader.click();
  return readTerminal(page, terminal);
}

async function openTerminal(page: Page, terminal: string) {
  await showTerminal(page, terminal);
  await page.locator(`[data-terminal="${terminal}"] .xterm-helper-textarea`).focus();
}

async function showTerminal(page: Page, terminal: string) {
  const tab = page.locator(`#app-tab-${terminal}`);
  if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
}
