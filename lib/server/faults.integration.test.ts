import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { labVariable } from '#lib/lab/api.ts';
import { type App, makeWorkspace, removeWorkspace, startApp } from '#lib/testing/app.ts';
import { describeProcess } from '#lib/testing/describe-process.ts';
import { openSocketPage, type SocketPage } from '#lib/testing/socket-page.ts';
import { workspaceMark } from './settings.ts';
import { markedProcesses } from './survivors.ts';

test('when the process of the terminals is killed the learner is told, and a new shell opens in the same directory', async () => {
  const { app, page, statuses } = await launch();
  page.type('cd /usr; echo "go $((1 + 1))"; exec sleep 1000\r');
  await expect.poll(page.text).toContain('go 2');
  killProgram(app, 'pty-host.mjs');
  await expect.poll(() => statuses.at(-1)).toBe('exited');
  await expect.poll(() => page.notices.map(({ text }) => text).join()).toContain('ended unexpectedly');
  page.socket.emit('terminal:restart', 'shell');
  await expect.poll(() => statuses.at(-1)).toBe('prompt');
  page.type('echo "alive $((1 + 1))"\r');
  await expect.poll(page.text).toContain('alive 2');
  expect((await fetch(app.url, { redirect: 'manual' })).status).toBe(303);
});

test('when the lab is killed the learner is told, and it is started again', async () => {
  const { app, page } = await launch();
  const lab = killProgram(app, 'lab.mjs');
  await expect.poll(() => page.notices.map(({ text }) => text).join()).toContain('The lab ended by SIGKILL. It is started again');
  await expect.poll(() => ![undefined, lab].includes(programOf(app, 'lab.mjs'))).toBe(true);
  page.type(`until curl -fs --unix-socket "$${labVariable}" http://lab/ >/dev/null; do sleep 0.2; done; echo "lab $((1 + 1))"\r`);
  await expect.poll(page.text).toContain('lab 2');
});

test('a state folder that goes away is told while it lasts, the shell goes on, and everything is written again by itself', async () => {
  const { app, page, over } = await launch();
  const folder = join(app.workspace, 'state');
  renameSync(folder, `${folder}.away`);
  writeFileSync(folder, 'in the way');
  page.type('echo "meanwhile $((1 + 1))"\r');
  await expect.poll(page.text).toContain('meanwhile 2');
  await expect
    .poll(() => page.notices.map(({ text }) => text).join('\n'))
    .toMatch(/output cannot be saved[\s\S]*activity log|activity log[\s\S]*output cannot be saved/);
  unlinkSync(folder);
  renameSync(`${folder}.away`, folder);
  await expect.poll(() => over.length).toBe(page.notices.length);
  expect(readFileSync(join(folder, 'activity.jsonl'), 'utf8')).toContain('meanwhile');
  await expect.poll(() => printed(folder)).toContain('meanwhile 2');
});

test.skipIf(!canMount())(
  'a full disk is told while it lasts, the old state stays readable, and saving goes on when there is space',
  async () => {
    const workspace = temporaryWorkspace();
    const folder = join(workspace, 'state');
    mkdirSync(folder, { mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0700', 'tmpfs', folder]);
    onTestFinished(() => void execFileSync('umount', ['-l', folder]));
    const { page, over } = await launch(workspace);
    fill(join(folder, 'filler'));
    page.type('seq 1 3000; echo "full $((1 + 1))"\r');
    await expect.poll(page.text).toContain('full 2');
    await expect.poll(() => page.notices.map(({ text }) => text).join('\n')).toContain('ENOSPC');
    rmSync(join(folder, 'filler'));
    await expect.poll(() => over.length).toBe(page.notices.length);
    await expect.poll(() => printed(folder)).toMatch(/\n3000\r\n[\s\S]*full 2/);
  },
);

test('damaged state files are set aside, and the app starts and says so', async () => {
  const workspace = temporaryWorkspace();
  const folder = join(workspace, 'state');
  mkdirSync(join(folder, 'terminals', 'shell'), { recursive: true, mode: 0o700 });
  for (const name of ['progress.json', 'agent-keys.json', 'terminals/shell/life.json', 'terminals/shell/0000000000000000.out']) {
    writeFileSync(join(folder, name), Buffer.from([0, 0xff, 0x7b, 0x0a]));
  }
  writeFileSync(join(folder, 'runs.jsonl'), 'nonsense\n');
  const { page } = await launch(workspace);
  const told = page.notices.map(({ text }) => text).join('\n');
  for (const name of ['progress.json', 'agent-keys.json', 'runs.jsonl']) {
    expect(told).toContain(`${join(folder, name)} `);
    expect(readdirSync(folder).some((file) => file.startsWith(`${name}.corrupt-`))).toBe(true);
  }
});

/** What the terminal's files hold. */
function printed(folder: string): string {
  const terminal = join(folder, 'terminals', 'shell');
  const segments = readdirSync(terminal).filter((name) => name.endsWith('.out'));
  return segments.map((name) => readFileSync(join(terminal, name), 'utf8')).join('');
}

function fill(file: string): void {
  for (let size = 64 * 1024; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

/** The newest process of this app that runs the program. */
function programOf(app: App, program: string): number | undefined {
  return markedProcesses(workspaceMark(app.workspace)).findLast((pid) => {
    const { parent, command } = describeProcess(pid);
    return parent === app.pid && command.includes(program);
  });
}

/** Kills a program of the app; never nothing, because process 0 is this test's own group. */
function killProgram(app: App, program: string): number {
  const pid = programOf(app, program);
  if (!pid) throw new Error(`${program} does not run`);
  process.kill(pid, 'SIGKILL');
  return pid;
}

function canMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && hasMountRights();
}

function hasMountRights(): boolean {
  const directory = makeWorkspace();
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', directory], { stdio: 'ignore' });
    execFileSync('umount', [directory]);
    return true;
  } catch {
    return false;
  } finally {
    removeWorkspace(directory);
  }
}

function temporaryWorkspace(): string {
  const workspace = makeWorkspace();
  onTestFinished(() => removeWorkspace(workspace));
  return workspace;
}

async function launch(workspace = temporaryWorkspace()): Promise<{ app: App; page: SocketPage; statuses: string[]; over: string[] }> {
  const app = await startApp({ workspace });
  onTestFinished(async () => void (await app.stop()));
  const page = await openSocketPage(app);
  const statuses: string[] = [];
  const over: string[] = [];
  page.socket.on('terminal:state', ({ status }) => statuses.push(status));
  page.socket.on('notice:over', (id) => over.push(id));
  await page.attach();
  await expect.poll(page.text).toMatch(/\$ /);
  return { app, page, statuses, over };
}
