// How a page fares while it has much to do: its frames, its long tasks, its memory, and how soon Ctrl-C helps.
import type { Page } from 'playwright-core';

export interface PageLoad {
  /** Milliseconds between two frames: 95 of 100 are shorter, and the longest. */
  p95: number;
  max: number;
  /** The longest task, in milliseconds. */
  longest: number;
  /** Megabytes of its scripts' memory at most. */
  heap: number;
}

export interface Watch {
  /** What has been measured since the last call. */
  take(): Promise<PageLoad>;
  /** Presses Ctrl-C; answers after how many milliseconds the prompt was on the screen. */
  pressCtrlC(): Promise<number>;
  /** Megabytes after a collection. */
  settledHeap(): Promise<number>;
}

interface Probe {
  gaps: number[];
  tasks: number[];
  pressed: number | null;
  prompt: number | null;
}

/** Measures from now on. The terminal must be drawn as text, without WebGL. */
export async function watchPage(page: Page): Promise<Watch> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await page.evaluate(() => {
    const probe: Probe = { gaps: [], tasks: [], pressed: null, prompt: null };
    (window as unknown as { probe: Probe }).probe = probe;
    let last = performance.now();
    requestAnimationFrame(function frame(now) {
      probe.gaps.push(now - last);
      last = now;
      if (probe.pressed !== null && probe.prompt === null && showsPrompt()) probe.prompt = performance.now() - probe.pressed;
      requestAnimationFrame(frame);
    });
    new PerformanceObserver((list) => probe.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
    addEventListener(
      'keydown',
      ({ ctrlKey, key }) => ctrlKey && key === 'c' && Object.assign(probe, { pressed: performance.now(), prompt: null }),
      true,
    );

    function showsPrompt() {
      const rows = [...document.querySelectorAll('[data-terminal="shell"] .xterm-rows > div')].map(
        (row) => row.textContent?.trimEnd() ?? '',
      );
      return rows.findLast((row) => row !== '')?.endsWith('$') ?? false;
    }
  });

  let peak = 0;
  const sampling = setInterval(
    () =>
      readHeap().then(
        (heap) => (peak = Math.max(peak, heap)),
        () => clearInterval(sampling),
      ),
    500,
  );
  page.once('close', () => clearInterval(sampling));

  async function readHeap() {
    const { metrics } = await session.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0) / 1e6;
  }

  return {
    async take() {
      const { gaps, tasks } = await page.evaluate(() => {
        const { probe } = window as unknown as { probe: Probe };
        return { gaps: probe.gaps.splice(0), tasks: probe.tasks.splice(0) };
      });
      gaps.sort((a, b) => a - b);
      const heap = Math.max(peak, await readHeap());
      peak = 0;
      return { p95: gaps[Math.floor(gaps.length * 0.95)] ?? 0, max: gaps.at(-1) ?? 0, longest: Math.max(0, ...tasks), heap };
    },
    async pressCtrlC() {
      await page.keyboard.press('Control+c');
      const shown = await page.waitForFunction(() => (window as unknown as { probe: Probe }).probe.prompt, null, {
        polling: 20,
        timeout: 60_000,
      });
      return (await shown.jsonValue()) as number;
    },
    async settledHeap() {
      await session.send('HeapProfiler.collectGarbage');
      return readHeap();
    },
  };
}
