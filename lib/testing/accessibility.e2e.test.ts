import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openTutorial } from './tutorial-page.ts';

const places = ['/', '/architecture', '/cluster', '/launch'];
const looks = [
  { colorScheme: 'light', viewport: { width: 1440, height: 900 } },
  { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
] as const;

test('axe finds nothing to object to, light and wide, dark and narrow', async () => {
  const { app, browser } = await openTutorial();
  const found: string[] = [];
  for (const look of looks) {
    // axe injects its script into every frame, which the page's policy rightly forbids.
    const context = await browser.newContext({ ...look, reducedMotion: 'reduce', bypassCSP: true });
    const page = await context.newPage();
    await page.goto(app.url);
    for (const place of places) {
      await page.goto(app.origin + place);
      found.push(...(await violations(page)).map((violation) => `${place} ${look.colorScheme}: ${violation}`));
    }
    await context.close();
  }
  expect(found).toEqual([]);
});

test('a narrow page never scrolls sideways', async () => {
  const { app, page } = await openTutorial({ viewport: { width: 360, height: 740 } });
  for (const place of places) {
    await page.goto(app.origin + place);
    expect({ place, overflow: await page.evaluate(() => document.documentElement.scrollWidth - innerWidth) }).toEqual({
      place,
      overflow: 0,
    });
  }
});

async function violations(page: Page): Promise<string[]> {
  const results = await new AxeBuilder({ page }).analyze();
  return results.violations.map(({ id, nodes }) => `${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}
