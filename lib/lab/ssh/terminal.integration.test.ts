import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientChannel } from 'ssh2';
import { expect, inject, onTestFinished, test } from 'vitest';
import { connectSsh, type SshConnection } from '#lib/cluster/ssh-connection.ts';
import { startPtyHost } from '#lib/terminal/pty-host.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const pty = { cols: 100, rows: 30, term: 'xterm-256color' };

async function startMachine(): Promise<{ fixture: TestServer; connection: SshConnection }> {
  const ptyHost = startPtyHost({ program: join(inject('programs'), 'pty-host.mjs') });
  onTestFinished(() => ptyHost.close());
  const fixture = await startTestServer({ ptyHost });
  const connection = await connectSsh({
    host: '127.0.0.1',
    port: fixture.server.port,
    username: 'core',
    privateKey: await readFile(fixture.identity, 'utf8'),
    verifyHost: async () => true,
    timeout: 10_000,
  });
  onTestFinished(() => connection.close());
  return { fixture, connection };
}

/** What the channel has shown so far, and how it ended. */
function follow(channel: ClientChannel) {
  const seen = { text: '', ended: new Promise<unknown[]>((resolve) => channel.on('close', (...exit: unknown[]) => resolve(exit))) };
  channel.on('data', (bytes: Buffer) => {
    seen.text += bytes.toString('utf8');
  });
  return {
    seen,
    async until(text: string): Promise<void> {
      while (!seen.text.includes(text)) await delay(10);
    },
  };
}

test('a shell greets and prompts as a CoreOS machine does, and is a login shell', async () => {
  const { connection } = await startMachine();
  const channel = await connection.shell({ pty });
  const { seen, until } = follow(channel);
  await until('core@core-01 ~ $ ');
  expect(seen.text).toMatch(/^CoreOS stable \(494\.4\.0\)\r\n(?:\x1b\[\?2004h)?core@core-01 ~ \$ $/);
  channel.write('cd /tmp; echo "$TERM $(tput cols)" $((40+2)); shopt -q login_shell && echo is-login\n');
  await until('is-login\r\n');
  expect(seen.text).toContain('xterm-256color 100 42\r\n');
  await until('core@core-01 /tmp $ ');
  channel.write('exit 9\n');
  expect((await seen.ended)[0]).toBe(9);
});

test('the window follows the client', async () => {
  const { connection } = await startMachine();
  const channel = await connection.exec('trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.05; done', { pty });
  const { seen, until } = follow(channel);
  await until('ready\r\n');
  channel.setWindow(50, 132, 0, 0);
  await until('50 132\r\n');
  expect((await seen.ended)[0]).toBe(0);
});

test('Ctrl-C ends a command that follows something, and the client is told', async () => {
  const { connection } = await startMachine();
  const channel = await connection.exec('echo following; exec sleep 1000', { pty });
  const { seen, until } = follow(channel);
  await until('following\r\n');
  channel.write('\x03');
  expect(await seen.ended).toEqual([null, 'SIGINT', false, '']);
});

test("a flood through a terminal arrives whole and doesn't outrun the client", async () => {
  const { connection } = await startMachine();
  const channel = await connection.exec('seq 1 100000; echo done; exit 3', { pty });
  const { seen } = follow(channel);
  channel.pause();
  await delay(200);
  channel.resume();
  expect((await seen.ended)[0]).toBe(3);
  const numbers = Array.from({ length: 100_000 }, (_, index) => `${index + 1}\r\n`).join('');
  expect(seen.text === `${numbers}done\r\n`).toBe(true);
});

test('what runs in a terminal ends with its connection, even if it ignores the hang-up', async () => {
  const { fixture, connection } = await startMachine();
  const channel = await connection.exec("trap '' HUP; echo pid $$; exec sleep 1000", { pty });
  const { seen, until } = follow(channel);
  await until('\r\n');
  const pid = Number(seen.text.match(/pid (\d+)/)![1]);
  connection.close();
  await fixture.server.close();
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});
