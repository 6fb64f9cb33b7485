import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type App, makeWorkspace, removeWorkspace, startApp } from '#lib/testing/app.ts';
import { savedOutput } from '#lib/testing/saved-output.ts';
import { openSocketPage } from '#lib/testing/socket-page.ts';

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'after %s the terminal has its output, its directory and its exports, and a page goes on where it was',
  async (signal) => {
    const app = await launch();
    const page = await openSocketPage(app);
    const { log } = await page.attach();
    page.type('cd /usr && export TOLD="two words" && echo "number $((40 + 2))"\r');
    await expect.poll(page.text).toMatch(/number 42\r\n[\s\S]*\$ /);
    const before = page.text();
    await expect.poll(() => savedOutput(join(app.workspace, 'state/terminals/shell'))).toBe(before);
    const seen = page.received();
    page.socket.disconnect();
    await app.stop(signal);

    const next = await launch(app.workspace);
    const newcomer = await openSocketPage(next);
    await newcomer.attach();
    await expect.poll(newcomer.text).toMatch(/The app was restarted\.[\s\S]*\/usr\S* \$ /);
    expect(newcomer.text().startsWith(before)).toBe(true);

    const returned = await openSocketPage(next);
    const answer = await returned.attach({ offset: seen, log });
    expect(answer.offset).toBe(seen);
    await expect.poll(returned.text).toBe(newcomer.text().slice(before.length));
    newcomer.type('echo "<$TOLD> <$SSH_AUTH_SOCK>"; test -S "$SSH_AUTH_SOCK" && echo "agent $((1 + 1))"\r');
    await expect.poll(newcomer.text).toMatch(/<two words> <.*>\r\nagent 2/);
  },
);

test('a page that saw more than reached the disk gets another log instead of the rest of a different one', async () => {
  const app = await launch();
  const page = await openSocketPage(app);
  const { log } = await page.attach();
  page.type('seq 1 200\r');
  await expect.poll(page.text).toMatch(/\n200\r\n[\s\S]*\$ /);
  const seen = page.received();
  await app.stop('SIGKILL');
  const next = await launch(app.workspace);
  const returned = await openSocketPage(next);
  expect((await returned.attach({ offset: seen + 7, log })).offset).toBe(0);
});

test('a run that was under way is shown as interrupted, and ended ones as they ended', async () => {
  const workspace = makeWorkspace();
  const identity = { chapter: 'etcd', step: 'boot', terminal: 'shell', queuedAt: 1 };
  const ended = { ...identity, id: 'a', status: 'succeeded', startedAt: 2, duration: 3, from: 4, to: 5 };
  const lines = [ended, { ...identity, id: 'b', status: 'running', startedAt: 2, from: 9, question: null, reached: false }];
  mkdirSync(join(workspace, 'state'), { mode: 0o700 });
  writeFileSync(join(workspace, 'state', 'runs.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const page = await openSocketPage(await launch(workspace));
  await expect.poll(() => page.runs).toMatchObject([ended, { id: 'b', status: 'interrupted', startedAt: 2 }]);
});

async function launch(workspace = makeWorkspace()): Promise<App> {
  onTestFinished(() => removeWorkspace(workspace));
  const app = await startApp({ workspace });
  onTestFinished(async () => void (await app.stop()));
  return app;
}
