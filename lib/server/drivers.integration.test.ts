import { expect, onTestFinished, test } from 'vitest';
import { makeWorkspace, removeWorkspace, startApp } from '#lib/testing/app.ts';
import { openSocketPage, type SocketPage } from '#lib/testing/socket-page.ts';

test('the first page drives, the others look on until they take over or the driver goes away', async () => {
  const app = await launch();
  const [first, second, third] = [await openSocketPage(app), await openSocketPage(app), await openSocketPage(app)];
  const sizes: string[] = [];
  first.socket.on('terminal:state', ({ size }) => sizes.push(`${size.cols}x${size.rows}`));
  const drives = [first, second, third].map(watchDriving);
  expect(await first.attach({ size: { cols: 100, rows: 30 } })).toMatchObject({ driving: true, state: { size: { cols: 100 } } });
  expect(await second.attach({ size: { cols: 60, rows: 20 } })).toMatchObject({ driving: false, state: { size: { cols: 100 } } });
  expect(await third.attach({ size: { cols: 70, rows: 25 } })).toMatchObject({ driving: false });
  await atPrompt(first);

  second.type('echo never$((1 + 1))\r');
  second.socket.emit('terminal:resize', 'shell', { cols: 61, rows: 20 });
  await expect.poll(() => drives[1]).toEqual([false, false]);
  first.type('echo driver$((1 + 1))\r');
  await expect.poll(third.text).toContain('driver2');
  expect(first.text()).not.toContain('never');
  expect(sizes).not.toContain('61x20');

  second.socket.emit('terminal:take-over', 'shell');
  await expect.poll(() => drives[0]).toEqual([true, false]);
  second.type('echo taken$((1 + 1)); stty size\r');
  await expect.poll(first.text).toMatch(/taken2\r\n20 61\r\n/);
  first.type('echo never$((1 + 1))\r');
  await expect.poll(() => drives[0]).toEqual([true, false, false]);

  second.socket.disconnect();
  await expect.poll(() => drives[0]?.at(-1)).toBe(true);
  first.type('echo back$((1 + 1)); stty size\r');
  await expect.poll(third.text).toMatch(/back2\r\n30 100\r\n/);
  expect(third.text()).not.toContain('never');
  expect(drives[2]).toEqual([]);
});

test('a driver whose connection breaks for a moment finds its place again; one that stays away loses it', async () => {
  const app = await launch();
  const [driver, other] = [await openSocketPage(app), await openSocketPage(app)];
  await driver.attach({ page: 'window-1' });
  await other.attach({ page: 'window-2' });
  const drives = watchDriving(other);
  driver.socket.io.engine.close();
  const returned = await openSocketPage(app);
  expect(await returned.attach({ page: 'window-1', size: { cols: 90, rows: 20 } })).toMatchObject({
    driving: true,
    state: { size: { cols: 90 } },
  });
  expect(drives).toEqual([]);

  const gone = performance.now();
  returned.socket.io.engine.close();
  expect(await (await openSocketPage(app)).attach({ page: 'window-3' })).toMatchObject({ driving: false });
  await expect.poll(() => drives).toEqual([true]);
  expect(performance.now() - gone).toBeGreaterThan(3000);
});

test('binary output is undone for all who watch, and what the emulators answered to it is not left at the prompt', async () => {
  const app = await launch();
  const [driver, other] = [await openSocketPage(app), await openSocketPage(app)];
  await driver.attach();
  await other.attach();
  await atPrompt(driver);
  driver.type("printf '\\e[?1049h\\e(0\\e[?1003h\\eP'; echo end$((1 + 1))\r");
  await expect.poll(driver.text).toContain('end2');
  driver.type('1;2c1;2c'); // as an emulator would answer
  await expect.poll(driver.text).toContain('1;2c1;2c');
  other.socket.emit('terminal:reset', 'shell');
  driver.socket.emit('terminal:reset', 'shell');
  await expect.poll(other.text).toMatch(/\x18.*\x1b\[!p\x1b\[\?1049l/s);
  driver.type('echo clean$((1 + 1))\r');
  await expect.poll(other.text).toContain('clean2\r\n');
  expect(other.text().match(/\x1b\[!p/g)).toHaveLength(1);
});

test('only the driver may open a new shell', async () => {
  const app = await launch();
  const [first, second] = [await openSocketPage(app), await openSocketPage(app)];
  await first.attach();
  await second.attach();
  await atPrompt(first);
  const states: string[] = [];
  second.socket.on('terminal:state', ({ status }) => states.push(status));
  first.type('exit\r');
  await expect.poll(() => states.at(-1)).toBe('exited');
  second.socket.emit('terminal:restart', 'shell');
  first.socket.emit('terminal:restart', 'shell');
  await expect.poll(() => states.at(-1)).toBe('prompt');
  expect(states.filter((status) => status === 'starting')).toHaveLength(1);
});

test('a viewer that hangs during a flood falls behind to a marked gap, and nobody waits for it', async () => {
  const app = await launch();
  const [driver, hanging] = [await openSocketPage(app), await openSocketPage(app)];
  await driver.attach();
  await hanging.attach();
  await atPrompt(driver);
  hanging.acknowledge(false);
  const silence = watchSilence(driver);
  const from = driver.received();
  driver.type('seq 1 2000000; echo "all $((1 + 1))"\r');
  await expect.poll(() => driver.received() - from, { timeout: 60_000, interval: 50 }).toBeGreaterThan(16_888_896);
  await expect.poll(() => driver.text().slice(-200)).toContain('all 2');
  expect(silence()).toBeLessThan(8000); // a pause for it would last ten seconds
  expect(driver.text()).not.toContain('[gap');
  expect(hanging.received()).toBeLessThan(1_000_000);
  hanging.acknowledge(true);
  await expect.poll(() => hanging.text().slice(-200)).toContain('all 2');
  expect(hanging.text().match(/\[gap \d+\]/g)?.length).toBeGreaterThanOrEqual(1);
}, 120_000);

/** The longest time in ms between two pieces of output so far. */
function watchSilence({ socket }: SocketPage): () => number {
  let last = performance.now();
  let longest = 0;
  socket.on('terminal:output', () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  });
  return () => longest;
}

function watchDriving({ socket }: SocketPage): boolean[] {
  const drives: boolean[] = [];
  socket.on('terminal:driver', (_name, driving) => drives.push(driving));
  return drives;
}

async function atPrompt(page: SocketPage) {
  await expect.poll(page.text).toMatch(/\$ /);
}

async function launch() {
  const workspace = makeWorkspace();
  onTestFinished(() => removeWorkspace(workspace));
  const app = await startApp({ workspace });
  onTestFinished(async () => void (await app.stop()));
  return app;
}
