// The app in a real browser, and what the browser complained about.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { type App, makeWorkspace, removeWorkspace, startApp } from './app.ts';
import { launchBrowser } from './browser.ts';

export interface Tutorial {
  app: App;
  browser: Browser;
  page: Page;
  /** Errors of the page's scripts and console, and requests to anywhere but this computer. */
  problems(): string[];
}

/** Starts an app with a workspace of its own and opens it; all of it ends with the test. */
export async function openTutorial(context: BrowserContextOptions = {}, browserWords: string[] = []): Promise<Tutorial> {
  const workspace = makeWorkspace();
  onTestFinished(() => removeWorkspace(workspace));
  const app = await startApp({ workspace });
  onTestFinished(async () => void (await app.stop()));
  const browser = await launchBrowser(browserWords);
  onTestFinished(() => browser.close());
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, ...context })).newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('request', (request) => {
    if (!['localhost', '127.0.0.1', ''].includes(new URL(request.url()).hostname)) problems.push(`asked for ${request.url()}`);
  });
  page.on('console', (message) => {
    const ofPreview = message.location().url.startsWith('http://127.0.0.1:'); // says so when the server has been stopped
    if (message.type() === 'error' && !ofPreview) problems.push(message.text());
  });
  await page.goto(app.url);
  return { app, browser, page, problems: () => problems };
}

/** What a terminal says to screen readers, line by line. Not innerText, which depends on what is painted. */
export async function readTerminal(page: Page, terminal: string): Promise<string> {
  const tree = page.locator(`[data-terminal="${terminal}"] .xterm-accessibility-tree`);
  await tree.waitFor({ state: 'attached' });
  return (await tree.locator('[role=listitem]').allTextContents()).join('\n').replaceAll('\u00a0', ' ');
}

/** Types into a terminal as a learner does, Enter included. */
export async function typeCommand(page: Page, command: string, terminal = 'shell'): Promise<void> {
  await focusTerminal(page, terminal);
  await page.keyboard.type(command);
  await page.keyboard.press('Enter');
}

/** Waits until a terminal reads a command. */
export async function atPrompt(page: Page, terminal = 'shell'): Promise<void> {
  await page.locator(`[data-terminal="${terminal}"][data-terminal-status="prompt"]`).waitFor({ timeout: 60_000 });
}

export async function focusTerminal(page: Page, terminal = 'shell'): Promise<void> {
  await page.locator(`[data-terminal="${terminal}"] .xterm-helper-textarea`).focus();
}

/** Without the graphics card the emulator draws text into the page, which can then be read as it is on the screen. */
export const withoutWebgl = ['--disable-3d-apis'];

/** What a terminal drawn without the graphics card shows, line by line. */
export async function readScreen(page: Page, terminal = 'shell'): Promise<string> {
  const rows = await page.locator(`[data-terminal="${terminal}"] .xterm-rows > div`).allTextContents();
  return rows.map((row) => row.replaceAll('\u00a0', ' ').trimEnd()).join('\n');
}
