// The smaller commands, by our client and by Docker's own against the same daemon.
import { join } from 'node:path';
import { describe, expect, vi } from 'vitest';
import { testWith } from '#lib/testing/peers.ts';
import { image, modes, startTestMachine, untilSaid } from './test-machine.ts';

describe.each(modes)('docker $mode', ({ needs, startTestMachine: start }) => {
  const test = testWith(...needs);

  test('pause holds a container with its children where it is, unpause lets it go on', async () => {
    const { docker } = await start();
    const child = '["-e", "setInterval(() => console.log(1), 20)"]';
    const script = `require("child_process").spawn(process.execPath, ${child}, { stdio: "inherit" }); setInterval(() => {}, 1000)`;
    await docker('run', '-d', '--init', '--name', 'held', image, 'node', '-e', script);
    const lines = async () => (await docker('logs', 'held')).stdout.length;
    await vi.waitFor(async () => expect(await lines()).toBeGreaterThan(0), { timeout: 10_000 });
    expect(await docker('pause', 'held')).toMatchObject({ status: 0, stdout: 'held\n' });
    expect((await docker('ps', '--format', '{{.Status}} {{.State}}')).stdout).toMatch(/^Up .* \(Paused\) paused\n$/);
    const before = await lines();
    expect(await docker('exec', 'held', 'node', '-v')).toMatchObject({ status: 1, stderr: expect.stringContaining('is paused') });
    expect(await docker('pause', 'held')).toMatchObject({ status: 1, stderr: expect.stringContaining('is already paused') });
    expect(await lines()).toBe(before);
    await docker('unpause', 'held');
    await vi.waitFor(async () => expect(await lines()).toBeGreaterThan(before), { timeout: 10_000 });
    await docker('pause', 'held');
    expect(await docker('stop', 'held')).toMatchObject({ status: 0 });
  });
});

testWith()('create, rename, port and attach', async () => {
  const { docker, startDocker } = await startTestMachine({ reason: 'bubblewrap is not installed' });
  const script = 'process.on("SIGTERM", () => process.exit(4)); setInterval(() => console.log("tick"), 50)';
  const created = await docker('create', '--name', 'first', '-p', '8080:80', image, 'node', '-e', script);
  expect(created.stdout).toMatch(/^[0-9a-f]{64}\n$/);
  expect(await docker('rename', 'first', 'second')).toMatchObject({ status: 0, stdout: '' });
  expect(await docker('rename', 'second', '-')).toMatchObject({ status: 1, stderr: expect.stringContaining('Invalid container name (-)') });
  expect(await docker('attach', 'second')).toMatchObject({
    status: 1,
    stderr: 'You cannot attach to a stopped container, start it first\n',
  });
  await docker('start', 'second');
  expect((await docker('port', 'second')).stdout).toBe('80/tcp -> 0.0.0.0:8080\n');
  expect((await docker('port', 'second', '80')).stdout).toBe('0.0.0.0:8080\n');
  const attached = startDocker('attach', 'second');
  await untilSaid(attached.output, 'tick\n');
  attached.child.kill('SIGTERM');
  expect(await attached.finished).toMatchObject({ status: 4 });
});

testWith('docker', 'bwrap')('what runs is told as Docker tells it', async () => {
  const { docker, machine, run } = await startTestMachine({ program: 'bwrap' });
  const client = (...args: string[]) => run('docker', '-H', `unix://${join(machine.run, 'docker.sock')}`, ...args);
  await docker('run', '-d', '--name', 'web', '-p', '8080:80', '-m', '64m', image);
  expect((await docker('top', 'web')).stdout).toMatch(
    /^UID +PID +PPID +C +STIME +TTY +TIME +CMD\nroot +\d+ +\d+ +\d+ +\d\d:\d\d +\? +00:00:\d\d +node \/app\/server.js\n$/,
  );
  const template = '{{.Name}} {{.PIDs}} {{.MemUsage}}';
  for (const one of [client, docker]) {
    expect((await one('stats', '--no-stream', '--format', template, 'web')).stdout).toMatch(/^web \d+ [\d.]+MiB \/ 64MiB\n$/);
  }
  for (const args of [
    ['top', 'web'],
    ['pause', 'web'],
    ['unpause', 'web'],
    ['rename', 'web', 'site'],
  ]) {
    expect(await client(...args)).toMatchObject({ status: 0, stderr: '' });
  }
  expect((await docker('port', 'site')).stdout).toBe((await client('port', 'site')).stdout);
  expect((await client('info', '--format', '{{json .SecurityOptions}} {{json .Warnings}}')).stdout).toBe(
    '["name=bubblewrap","name=no-new-privileges"] null\n',
  );
});

testWith()('what the lab does not have says why, or where it is', async () => {
  const { docker } = await startTestMachine({ reason: 'bubblewrap is not installed' });
  expect(await docker('cp', 'a:/b', '.')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^docker cp is not offered in the lab\. .* real Docker Engine/),
  });
  await docker('pull', '-q', image);
  expect(await docker('run', '-v', 'data:/data', image)).toMatchObject({
    status: 125,
    stderr: expect.stringContaining('--volume is refused: without a sandbox'),
  });
});
