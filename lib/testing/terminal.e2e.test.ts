// The terminal in a real browser: its size, its keys, the clipboard, links, search, colours and renderers.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { atPrompt, focusTerminal, openTutorial, readScreen, typeCommand, withoutWebgl } from './tutorial-page.ts';

const patience = { timeout: 30_000, interval: 100 };
const shell = '[data-terminal="shell"]';

test('panes are dragged over the preview’s frame, and the terminal fits every size without losing a line', async () => {
  const { app, page } = await openTutorial({}, withoutWebgl);
  await openChapter(page, app.origin);
  await typeCommand(page, `for i in {11..22}; do printf '%s %060d\\n' line$i 0; done`);
  await expect.poll(() => readScreen(page), patience).toContain('\nline22 0');
  await page.getByRole('button', { name: 'Reload the preview' }).click();
  await page.locator('iframe').waitFor();

  const frame = await boxOf(page, 'iframe');
  await drag(page, '[data-splits="preview-height"]', { y: frame.y + frame.height - 60 });
  expect((await boxOf(page, 'iframe')).height).toBeLessThan(100);
  await expectFit(page);
  await drag(page, '[data-splits="dock-width"]', { x: 1060 }); // 380 px are left, half of a line
  await expectFit(page);
  expect((await readScreen(page)).split('\n').filter((row) => /^line\d\d 0+$/.test(row) && row.length === 67)).toEqual([]);
  await drag(page, '[data-splits="dock-width"]', { x: 560 });
  await expectFit(page);
  const lines = (await readScreen(page)).split('\n').filter((row) => row.startsWith('line'));
  expect(lines).toEqual(Array.from({ length: 12 }, (_, index) => `line${index + 11} ${'0'.repeat(60)}`));

  // A terminal that was not in view has no size until it is.
  await page.getByRole('tab', { name: 'journal' }).click();
  await atPrompt(page, 'journal');
  await expectFit(page, 'journal');
  // Zoomed to 125 %.
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setDeviceMetricsOverride', { width: 1152, height: 720, deviceScaleFactor: 1.25, mobile: false });
  await expectFit(page, 'journal');
  await page.getByRole('tab', { name: 'shell' }).click();
  await expectFit(page);
});

test('what is selected is copied, pastes arrive clean, and several lines are shown before they arrive', async () => {
  const { app, page } = await openTutorial({ permissions: ['clipboard-write'] }, withoutWebgl);
  await openChapter(page, app.origin);
  const foot = page.locator(`${shell} .terminal-keys`);
  expect(await foot.textContent()).toContain('Ctrl+Shift+C · Ctrl+Shift+V pastes');
  await typeCommand(page, 'clear; echo "copied-$((40 + 2))"');
  await expect.poll(() => readScreen(page), patience).toMatch(/^copied-42\n/);
  const screen = await boxOf(page, `${shell} .xterm-screen`);
  await page.mouse.dblclick(screen.x + 20, screen.y + 8);
  await expect.poll(() => foot.textContent(), patience).toContain('Copied');
  await focusTerminal(page);
  await page.keyboard.type('echo got-');
  await page.keyboard.press('Control+Shift+V');
  await expect.poll(() => readScreen(page), patience).toContain('$ echo got-copied-42');
  await page.keyboard.press('Enter');
  await expect.poll(() => readScreen(page), patience).toContain('\ngot-copied-42');

  await page
    .getByRole('button', { name: /^Copy the command of/ })
    .first()
    .click();
  await focusTerminal(page);
  await page.keyboard.press('Control+Shift+V');
  await expect.poll(() => readScreen(page), patience).toContain(`$ echo 'Hello, cluster!'`);
  await page.keyboard.press('Control+u');

  await pasteText(page, '$ echo "\u202efrom a doc\u200bument"');
  await expect.poll(() => foot.textContent(), patience).toContain('without the prompt sign');
  await page.keyboard.press('Enter');
  await expect.poll(() => readScreen(page), patience).toContain('\nfrom a document\n');

  const dialog = page.getByRole('dialog');
  await pasteText(page, 'echo one$((1))\necho two$((2))');
  expect(await dialog.getAttribute('aria-label')).toBe('Paste 2 lines?');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  expect(await page.evaluate(() => document.activeElement?.className)).toContain('xterm-helper-textarea');
  await pasteText(page, 'echo one$((1))\necho two$((2))');
  await dialog.getByRole('button', { name: 'Paste' }).click();
  await expect.poll(() => readScreen(page), patience).toContain('echo two$((2))');
  expect(await readScreen(page)).not.toContain('\none1\n'); // bash waits for Enter
  await page.keyboard.press('Enter');
  await expect.poll(() => readScreen(page), patience).toContain('\none1\ntwo2\n');

  // A program without bracketed paste takes each line as it comes.
  await typeCommand(page, 'cat');
  await page.locator(`${shell}[data-terminal-status="busy"]`).waitFor();
  await pasteText(page, 'first\nsecond\n');
  expect(await dialog.textContent()).toContain('takes each line as soon as it comes');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.keyboard.press('Control+d');
});

test('links lead to the web only and show where, the search finds, wide characters take two cells, and colours follow the page', async () => {
  const { app, page } = await openTutorial({ colorScheme: 'light' }, withoutWebgl);
  await openChapter(page, app.origin);
  await typeCommand(
    page,
    `clear; for u in javascript:alert'(1)' file:///etc/passwd http://localhost:9/x; do printf '\\e]8;;%s\\e\\\\hidden\\e]8;;\\e\\\\\\n' "$u"; done`,
  );
  await expect.poll(() => readScreen(page), patience).toMatch(/^hidden\nhidden\nhidden\n/);
  const dialog = page.getByRole('dialog');
  for (const row of [0, 1]) {
    await clickCell(page, row, 2);
    await page.waitForTimeout(200);
    expect(await dialog.count()).toBe(0);
  }
  await clickCell(page, 2, 2);
  expect(await dialog.textContent()).toContain('http://localhost:9/x');
  await page.keyboard.press('Escape');
  await typeCommand(page, `clear; echo '${app.origin}/launch'`);
  await expect.poll(() => readScreen(page), patience).toMatch(/^http\S+launch\n/);
  const [opened] = await Promise.all([page.waitForEvent('popup'), clickCell(page, 0, 4)]);
  expect(await opened.evaluate(() => window.opener)).toBeNull();
  await opened.close();

  await page.keyboard.press('Control+Shift+F');
  const box = page.getByRole('textbox', { name: 'Search in the terminal' });
  await box.fill('no such text');
  await page.getByText('Not found').waitFor();
  await box.fill('LAUNCH');
  await page.getByText('Not found').waitFor({ state: 'detached' });
  await box.press('Escape');
  expect(await page.evaluate(() => document.activeElement?.className)).toContain('xterm-helper-textarea');

  await typeCommand(page, `clear; printf '🎉世'; IFS=';' read -rsd R -p $'\\e[6n' _ column; echo " column $column"`);
  await expect.poll(() => readScreen(page), patience).toContain('column 5');

  const background = () =>
    page.locator(`${shell} .xterm-scrollable-element`).evaluate((element) => getComputedStyle(element).backgroundColor);
  const light = await background();
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect.poll(background, patience).not.toBe(light);
});

test('the terminal waits for its font, draws with WebGL where there is one, and goes on when that is lost', async () => {
  const { app, page } = await openTutorial();
  let fontSent = 0;
  await page.route(/\.woff2/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 700));
    fontSent = performance.now();
    await route.continue();
  });
  await page.goto(`${app.origin}/introduction`);
  await page.locator(`${shell} .xterm-screen`).waitFor();
  expect(performance.now()).toBeGreaterThan(fontSent);
  expect(fontSent).toBeGreaterThan(0);
  await atPrompt(page);
  const lost = await page.waitForFunction((terminal) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`${terminal} .xterm-screen canvas:not(.xterm-link-layer)`);
    const context = canvas?.getContext('webgl2');
    if (!context) return false;
    context.getExtension('WEBGL_lose_context')?.loseContext();
    return true;
  }, shell);
  expect(await lost.jsonValue()).toBe(true);
  await page.locator(`${shell} .xterm-rows`).waitFor({ state: 'attached' });
  await typeCommand(page, 'echo "drawn $((40 + 2))"');
  await expect.poll(() => readScreen(page), patience).toContain('\ndrawn 42\n');
});

async function openChapter(page: Page, origin: string) {
  await page.goto(`${origin}/introduction`);
  await atPrompt(page);
  await expect.poll(() => readScreen(page), patience).toContain('$');
}

/** The emulator fills its box but for less than a line and a column, the shell knows that size, and nothing scrolls but the emulator. */
async function expectFit(page: Page, terminal = 'shell') {
  const measure = () =>
    page.evaluate((name) => {
      const within = (selector: string) => document.querySelector<HTMLElement>(`[data-terminal="${name}"] ${selector}`)!;
      const [box, screen, rows] = [within('.terminal-box'), within('.xterm-screen'), within('.xterm-rows')];
      const scrolling = [document.documentElement, document.body, within('.terminal-frame'), box].filter(
        (element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== 'visible',
      );
      const line = screen.offsetHeight / rows.children.length;
      return {
        tooTall: screen.offsetHeight > box.clientHeight,
        wasted: box.clientHeight - screen.offsetHeight > line + 1 || box.clientWidth - screen.offsetWidth > 40,
        scrolling: scrolling.map(({ className, tagName }) => className || tagName),
        dragging: document.documentElement.dataset.dragging,
      };
    }, terminal);
  await expect.poll(measure, patience).toEqual({ tooTall: false, wasted: false, scrolling: [] });
}

async function drag(page: Page, splitter: string, to: { x?: number; y?: number }) {
  const bar = await boxOf(page, splitter);
  const from = { x: bar.x + bar.width / 2, y: bar.y + bar.height / 2 };
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x ?? from.x, to.y ?? from.y, { steps: 8 });
  expect(await page.evaluate(() => document.documentElement.dataset.dragging)).toBeDefined();
  await page.mouse.up();
}

async function boxOf(page: Page, selector: string) {
  const box = await page.locator(selector).first().boundingBox();
  if (!box) throw new Error(`"${selector}" is not in view.`);
  return box;
}

async function clickCell(page: Page, row: number, column: number) {
  const rows = page.locator(`${shell} .xterm-rows > div`);
  const [screen, count] = [await boxOf(page, `${shell} .xterm-screen`), await rows.count()];
  const at = { x: screen.x + 8 * (column + 0.5), y: screen.y + (screen.height / count) * (row + 0.5) };
  // The emulator looks for links where the pointer rests.
  await page.mouse.move(at.x + 8, at.y);
  await page.mouse.move(at.x, at.y);
  await page.waitForTimeout(150);
  await page.mouse.click(at.x, at.y);
}

/** As the browser pastes, with a text that need not be in the clipboard. */
async function pasteText(page: Page, text: string) {
  await focusTerminal(page);
  await page.evaluate((pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', pasted);
    document.activeElement?.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}
