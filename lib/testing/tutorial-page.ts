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
export async function openTutorial(context: BrowserContextOptions = { viewport: { width: 1440, height: 900 } }): Promise<Tutorial> {
  const workspace = makeWorkspace();
  onTestFinished(() => removeWorkspace(workspace));
  const app = await startApp({ workspace });
  onTestFinished(async () => void (await app.stop()));
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  const page = await browser.newPage(context);
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
