import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { isAlive } from '#lib/testing/is-alive.ts';
import { type HostedPty, startPtyHost } from './pty-host.ts';

const program = join(inject('programs'), 'pty-host.mjs');
const environment = { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8' };
const size = { cols: 80, rows: 24 };

function startHost(onCrash?: (reason: string) => void) {
  const host = startPtyHost({ program, ...(onCrash && { onCrash }) });
  onTestFinished(() => host.close());
  return host;
}

function bash(script: string) {
  return { file: '/bin/bash', args: ['--norc', '-c', script], directory: '/', environment, size };
}

function collect(pty: HostedPty) {
  const chunks: Buffer[] = [];
  pty.onOutput((bytes) => chunks.push(bytes));
  const exited = new Promise<{ status: number | null; signal: string | null; output: string }>((resolve) =>
    pty.onExit((exit) => resolve({ ...exit, output: Buffer.concat(chunks).toString() })),
  );
  return { exited, length: () => chunks.reduce((sum, chunk) => sum + chunk.length, 0), text: () => Buffer.concat(chunks).toString() };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Timed out waiting until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('the output comes first and the exit status after it', async () => {
  const pty = await startHost().open(bash('stty -opost; printf "grüße\\0x"; exit 3'));
  expect(await collect(pty).exited).toEqual({ status: 3, signal: null, output: 'grüße\0x' });
});

test('a program that a signal ends has no status but the name of the signal', async () => {
  const pty = await startHost().open(bash('kill -TERM $$'));
  expect(await collect(pty).exited).toMatchObject({ status: null, signal: 'SIGTERM' });
});

test('no tail is lost when programs end as soon as they have written', async () => {
  const host = startHost();
  const script = 'stty -opost; head -c 10000 /dev/zero | tr "\\0" x; echo -n end';
  for (let round = 0; round < 20; round++) {
    const results = await Promise.all([1, 2, 3].map(async () => collect(await host.open(bash(script))).exited));
    for (const result of results) expect([result.output.length, result.output.slice(-3)]).toEqual([10_003, 'end']);
  }
});

test('the tail of a program that ended while its pty was paused still arrives', async () => {
  const pty = await startHost().open(bash('stty -opost -echo; echo -n ready; read x; head -c 3000 /dev/zero | tr "\\0" x; echo -n end'));
  const output = collect(pty);
  await until(() => output.text() === 'ready', 'the program is ready');
  pty.pause();
  pty.write('go\n');
  expect((await output.exited).output).toBe(`ready${'x'.repeat(3000)}end`);
});

test('a paused pty holds its program back and a resumed one lets it finish', async () => {
  const pty = await startHost().open(bash('stty -opost; head -c 3000000 /dev/zero; echo -n end'));
  const output = collect(pty);
  await until(() => output.length() > 0, 'output begins');
  pty.pause();
  let before = -1;
  await until(() => {
    const still = output.length() === before;
    before = output.length();
    return still;
  }, 'the output stops');
  expect(before).toBeLessThan(3_000_000);
  pty.resume();
  expect((await output.exited).output.length).toBe(3_000_003);
});

test('input that a program does not read waits and arrives whole', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pty-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const go = join(directory, 'go');
  const pty = await startHost().open(
    bash(`stty raw -echo; echo -n ready; until [ -e ${go} ]; do sleep 0.05; done; head -c 300000 | wc -c`),
  );
  const output = collect(pty);
  await until(() => output.text().includes('ready'), 'the program is ready');
  pty.write('x'.repeat(300_000));
  await writeFile(go, '');
  expect((await output.exited).output).toMatch(/300000\s*$/);
});

test('a resize reaches the program', async () => {
  const pty = await startHost().open(bash('read -s x; stty size'));
  const output = collect(pty);
  pty.resize({ cols: 101, rows: 33 });
  pty.write('\n');
  expect((await output.exited).output).toContain('33 101');
});

test('a program on a pty sees neither another master nor the pipe of its host', async () => {
  const host = startHost();
  const others = await Promise.all(Array.from({ length: 12 }, () => host.open(bash('read x'))));
  // Gaps among the descriptors: node-pty stops looking for open ones at the first it finds.
  await Promise.all(
    others.slice(4, 7).map((other) => {
      other.write('\n');
      return collect(other).exited;
    }),
  );
  const { output: descriptors } = await collect(await host.open(bash('ls -l /proc/$$/fd; true'))).exited;
  expect(descriptors).toMatch(/ 0 -> \/dev\/pts/);
  expect(descriptors).not.toMatch(/ptmx|socket/);
});

test('a directory or a program that does not exist is refused with a sentence', async () => {
  const host = startHost();
  await expect(host.open({ ...bash('true'), directory: '/no/such/place' })).rejects.toThrow('The directory /no/such/place does not exist');
  await expect(host.open({ ...bash('true'), file: '/no/such/bash' })).rejects.toThrow('The program /no/such/bash does not exist');
});

test.skipIf(process.platform !== 'linux')('a host that has no descriptor left says so, and goes on when it has again', async () => {
  const host = startHost();
  const lasting = await host.open(bash('sleep 60'));
  const pid = hostOf(lasting.pid);
  const descriptors = () => readdirSync(`/proc/${pid}/fd`).length;
  const before = descriptors();
  const limit = (value: number | string) => execFileSync('prlimit', ['--pid', String(pid), `--nofile=${value}:`]);
  const taken = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  limit(Array.from({ length: 1024 }, (_, fd) => fd).find((fd) => !taken.has(fd)) ?? 0);
  for (let round = 0; round < 20; round += 1) {
    await expect(host.open(bash('true'))).rejects.toThrow(
      '/bin/bash could not be started: too many files are open (EMFILE). Close some programs or terminals and try again.',
    );
  }
  limit(1024);
  expect(await collect(await host.open(bash('echo -n again'))).exited).toMatchObject({ status: 0, output: 'again' });
  await until(() => descriptors() <= before, 'the descriptors are closed');
});

test('closing the host ends what ignores the hang-up too', async () => {
  const host = startPtyHost({ program });
  const pty = await host.open(bash('trap "" HUP TERM; echo ready; while :; do sleep 1; done'));
  const output = collect(pty);
  await until(() => output.text().includes('ready'), 'the program is ready');
  await host.close();
  await until(() => !isAlive(pty.pid), 'the program has ended');
});

test('a host whose parent is killed leaves no shell', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pty-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const script = `
    import { execFileSync, spawn } from 'node:child_process';
    import { writeFileSync } from 'node:fs';
    const host = spawn(process.execPath, [${JSON.stringify(program)}], { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
    const message = Buffer.from(JSON.stringify({ type: 'open', file: '/bin/bash', directory: '/', size: { cols: 80, rows: 24 },
      environment: { PATH: process.env.PATH }, args: ['--norc', '-ic', 'trap "" HUP; sleep 300 & echo $$ $! > ${directory}/pids; wait'] }));
    const header = Buffer.alloc(9);
    header.writeUInt32BE(message.length, 0);
    header.writeUInt32BE(1, 5);
    host.stdio[3].write(Buffer.concat([header, message]));
    writeFileSync('${directory}/host', String(host.pid));
  `;
  await writeFile(join(directory, 'parent.mjs'), script);
  const parent = spawn(process.execPath, [join(directory, 'parent.mjs')], { stdio: 'ignore' });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const pidFile = join(directory, 'pids');
  await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'), 'the shell runs');
  const pids = `${readFileSync(pidFile, 'utf8')} ${readFileSync(join(directory, 'host'), 'utf8')}`.trim().split(/\s+/).map(Number);
  expect(pids.map(isAlive)).toEqual([true, true, true]);
  parent.kill('SIGKILL');
  await until(() => !pids.some(isAlive), 'shell, job and host have ended');
});

test('a crash of the host is told, ends its ptys, and the next pty has a new host', async () => {
  const crashes: string[] = [];
  const host = startHost((reason) => crashes.push(reason));
  const pty = await host.open(bash('trap "" HUP; echo ready; while :; do sleep 1; done'));
  const output = collect(pty);
  await until(() => output.text().includes('ready'), 'the program is ready');
  process.kill(hostOf(pty.pid), 'SIGKILL');
  expect(await output.exited).toMatchObject({ status: null, signal: 'SIGHUP' });
  expect(crashes).toEqual([expect.stringContaining('SIGKILL')]);
  await until(() => !isAlive(pty.pid), 'the program has ended');
  expect(await collect(await host.open(bash('echo -n again'))).exited).toMatchObject({ status: 0, output: 'again' });
});

test('hundreds of ptys leave no descriptor open in their host', async () => {
  const host = startHost();
  const lasting = await host.open(bash('sleep 60'));
  const count = () => readdirSync(`/proc/${hostOf(lasting.pid)}/fd`).length;
  const before = count();
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 10 }, async () => collect(await host.open(bash('echo x'))).exited));
  }
  await until(() => count() <= before, 'the descriptors are closed');
  expect(readlinkSync(`/proc/${hostOf(lasting.pid)}/exe`)).toContain('node');
});

function hostOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}
