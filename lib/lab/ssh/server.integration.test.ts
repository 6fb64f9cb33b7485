import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { isAlive } from '#lib/testing/is-alive.ts';
import { makeKey, startTestServer, type TestServer } from './test-server.ts';

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs OpenSSH's client against the server. */
function ssh({ server, identity }: TestServer, args: string[], input = '', user = 'core'): Promise<Outcome> {
  const options = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'LogLevel=ERROR',
  ];
  const flags = ['-F', '/dev/null', '-i', identity, '-p', String(server.port), ...options.flatMap((option) => ['-o', option])];
  return runProcess('ssh', [...flags, `${user}@127.0.0.1`, ...args], input);
}

function runProcess(file: string, args: string[], input: string): Promise<Outcome> {
  const child = spawn(file, args, { stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const outcome = { status: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (outcome.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (outcome.stderr += text));
  child.stdin.on('error', () => {}); // ssh may end before it has read everything
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (status) => resolve({ ...outcome, status })));
}

async function waitUntil(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(10);
}

test.each([
  ['rsa', []],
  ['rsa', ['-o', 'PubkeyAcceptedAlgorithms=ssh-rsa']],
  ['ed25519', []],
  ['ecdsa', []],
])('OpenSSH logs in with an %s key %j', async (type, flags) => {
  const fixture = await startTestServer({}, type);
  expect(await ssh(fixture, [...flags, 'echo hello; echo oops >&2'])).toEqual({ status: 0, stdout: 'hello\n', stderr: 'oops\n' });
});

test.each(['ecdsa-sha2-nistp256', 'rsa-sha2-256'])('both host keys serve: %s', async (type) => {
  const fixture = await startTestServer();
  expect(await ssh(fixture, ['-o', `HostKeyAlgorithms=${type}`, 'exit 7'])).toMatchObject({ status: 7 });
});

test('another key, another user and another method are refused', async () => {
  const fixture = await startTestServer();
  const stranger = await makeKey(fixture.directory, 'ed25519', 'stranger');
  expect(await ssh({ ...fixture, identity: stranger }, ['true'])).toMatchObject({
    status: 255,
    stderr: expect.stringContaining('Permission denied (publickey)'),
  });
  expect(await ssh(fixture, ['true'], '', 'root')).toMatchObject({ status: 255, stderr: expect.stringContaining('(publickey)') });
});

test('a client that tries six wrong keys is cut off before the seventh, right one', async () => {
  const fixture = await startTestServer();
  const wrong = await Promise.all([1, 2, 3, 4, 5, 6].map((number) => makeKey(fixture.directory, 'ed25519', `wrong-${number}`)));
  const five = wrong.slice(1).flatMap((file) => ['-i', file]);
  const sixth = { ...fixture, identity: wrong[0]! };
  expect(await ssh(sixth, [...five, '-i', fixture.identity, 'true'])).toMatchObject({ status: 255 });
  expect(await ssh({ ...fixture, identity: wrong[1]! }, ['-i', fixture.identity, 'true'])).toMatchObject({ status: 0 });
});

test('the command gets the machine: its directory, its environment, and of the client only what is allowed', async () => {
  const fixture = await startTestServer();
  const outcome = await ssh(
    fixture,
    ['-o', 'SetEnv=LC_ALL=C LD_PRELOAD=/tmp/x.so BASH_ENV=/tmp/x LANG=de', 'pwd; echo $USER $LC_ALL $LANG; env | cut -d= -f1 | sort'],
    '',
  );
  const [directory, values, ...names] = outcome.stdout.trim().split('\n');
  expect(directory).toBe(`${fixture.directory}/home/core`);
  expect(values).toBe('core C de');
  expect(names).not.toContain('LD_PRELOAD');
  expect(names).not.toContain('BASH_ENV');
  expect(names).not.toContain('VITEST');
});

test('standard input reaches the command and its end is seen', async () => {
  const fixture = await startTestServer();
  const megabyte = 'x'.repeat(1 << 20);
  expect((await ssh(fixture, ['cat | wc -c'], megabyte)).stdout.trim()).toBe(String(1 << 20));
  expect(await ssh(fixture, ['exit 0'], megabyte)).toMatchObject({ status: 0 });
});

test('a shell without a terminal reads its commands from standard input', async () => {
  const fixture = await startTestServer();
  expect(await ssh(fixture, ['-T'], 'echo one\nexit 5\n')).toEqual({ status: 5, stdout: 'one\n', stderr: '' });
});

test('floods on both outputs arrive whole and before the exit status', async () => {
  const fixture = await startTestServer();
  const command = 'seq 1 400000; seq 1 400000 >&2 & seq 400001 500000; wait; exit 3';
  const outcome = await ssh(fixture, [command]);
  const numbers = (count: number): string => Array.from({ length: count }, (_, index) => `${index + 1}\n`).join('');
  expect(outcome.status).toBe(3);
  expect(outcome.stdout === numbers(500_000)).toBe(true);
  expect(outcome.stderr === numbers(400_000)).toBe(true);
});

test('a command that a signal ends is reported as such', async () => {
  const fixture = await startTestServer();
  expect(await ssh(fixture, ['kill -TERM $$'])).toMatchObject({ status: 255 });
});

test('the whole process group ends when the client goes away', async () => {
  const fixture = await startTestServer();
  const client = spawn('ssh', [
    ...['-F', '/dev/null', '-i', fixture.identity, '-p', String(fixture.server.port), '-o', 'StrictHostKeyChecking=no'],
    ...['-o', 'UserKnownHostsFile=/dev/null', '-o', 'IdentityAgent=none', 'core@127.0.0.1'],
    "trap '' HUP; sleep 1000 & echo $!; wait",
  ]);
  onTestFinished(() => void client.kill('SIGKILL'));
  const pid = await new Promise<number>((resolve) => client.stdout.once('data', (text) => resolve(Number(text))));
  expect(isAlive(pid)).toBe(true);
  client.kill('SIGKILL');
  await waitUntil(() => !isAlive(pid));
});

test('fd-forward, quoted or not, is the fleet API', async () => {
  const api = createServer((request, response) => response.end(`fleet says ${request.url}`));
  const fixture = await startTestServer({ fleet: (stream) => void api.emit('connection', stream) });
  const request = 'GET /fleet/v1/machines HTTP/1.1\r\nHost: domain-sock\r\nConnection: close\r\n\r\n';
  for (const command of ['fleetctl fd-forward /var/run/fleet.sock', '"fleetctl" "fd-forward" "/var/run/fleet.sock"']) {
    expect(await ssh(fixture, [command], request)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/\r\n\r\nfleet says \/fleet\/v1\/machines$/),
    });
  }
});

test('a forwarded stream reaches what the machine offers and is refused elsewhere', async () => {
  const asked: string[] = [];
  const fixture = await startTestServer({
    connect: async (address, port) => {
      asked.push(`${address}:${port}`);
      if (port !== 80) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
      const [near, far] = duplexPair();
      far.on('data', (bytes) => far.write(String(bytes).toUpperCase())).on('end', () => far.end());
      return near;
    },
  });
  expect(await ssh(fixture, ['-W', '172.17.8.101:80'], 'hello')).toMatchObject({ status: 0, stdout: 'HELLO' });
  expect(await ssh(fixture, ['-W', 'localhost:4001'])).toMatchObject({ status: 255, stderr: expect.stringContaining('failed') });
  expect(asked).toEqual(['172.17.8.101:80', '127.0.0.1:4001']);
});

test('a machine is reached through another one, as with ProxyJump', async () => {
  const inner = await startTestServer();
  const outer = await startTestServer({
    connect: async () => {
      const [near, far] = duplexPair();
      inner.server.accept(far);
      return near;
    },
  });
  const proxy = `ssh -F /dev/null -i ${outer.identity} -o IdentityAgent=none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -p ${outer.server.port} -W 172.17.8.101:22 core@127.0.0.1`;
  const outcome = await ssh(inner, ['-o', `ProxyCommand=${proxy}`, 'cat; exit 4'], 'through two');
  expect(outcome).toEqual({ status: 4, stdout: 'through two', stderr: '' });
});

test('an eleventh session on one connection is refused', async () => {
  const fixture = await startTestServer();
  const control = `${fixture.directory}/control`;
  const master = ssh(fixture, ['-M', '-S', control, '-N']);
  await waitUntil(async () => (await ssh(fixture, ['-S', control, '-O', 'check'])).status === 0);
  const held = Array.from({ length: 10 }, () => ssh(fixture, ['-S', control, 'echo >> started; sleep 1000']));
  const started = join(fixture.directory, 'home', 'core', 'started');
  await waitUntil(async () => (await readFile(started, 'utf8').catch(() => '')).length === 10);
  const eleventh = await ssh(fixture, ['-S', control, 'true']);
  expect(eleventh.stderr).toContain('Session open refused by peer');
  await ssh(fixture, ['-S', control, '-O', 'exit']);
  await Promise.all([master, ...held]);
});

test('idle connections make room for a login, and noise does no harm', async () => {
  const fixture = await startTestServer();
  const idle = Array.from({ length: 60 }, () => connectTcp(fixture.server.port, '127.0.0.1'));
  onTestFinished(() => idle.forEach((socket) => void socket.destroy()));
  for (const socket of idle) socket.on('error', () => {}).resume();
  idle[59]!.write(`SSH-2.0-x\r\n${'\0\x01garbage'.repeat(5000)}`);
  await waitUntil(() => idle.filter((socket) => socket.readableEnded || socket.destroyed).length >= 40);
  expect(await ssh(fixture, ['echo still here'])).toMatchObject({ status: 0, stdout: 'still here\n' });
});

test('a closed server has ended its programs and freed its port', async () => {
  const fixture = await startTestServer();
  const running = ssh(fixture, ["trap '' HUP TERM; echo $$ > pid; exec sleep 1000"]);
  const home = `${fixture.directory}/home/core`;
  const read = async (): Promise<number> => Number((await ssh(fixture, [`cat ${home}/pid`])).stdout);
  await waitUntil(async () => (await read()) > 0);
  const pid = await read();
  await fixture.server.close();
  expect(isAlive(pid)).toBe(false);
  expect(await running).toMatchObject({ status: 255 });
  const again = await startTestServer({ port: fixture.server.port });
  expect(again.server.port).toBe(fixture.server.port);
});
