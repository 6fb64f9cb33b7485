// A container that wants too much loses it, and nothing else does.
import { describe, expect, vi } from 'vitest';
import { testWith } from '#lib/testing/peers.ts';
import { ask, image, modes, untilSaid } from './test-machine.ts';

describe.each(modes)('limits $mode', ({ needs, startTestMachine }) => {
  const test = testWith(...needs);

  test('a program that eats memory is killed, and only that one', async () => {
    const { docker, published } = await startTestMachine();
    await docker('run', '-d', '--name', 'neighbour', '-p', '80:80', image);
    const eat = 'const eaten = []; setInterval(() => eaten.push(Buffer.alloc(16e6, 1)), 20)';
    expect((await docker('run', '--name', 'eater', '-m', '100m', image, 'node', '-e', eat)).status).toBe(137);
    expect((await docker('inspect', '-f', '{{.State.OOMKilled}} {{.HostConfig.Memory}}', 'eater')).stdout).toBe('true 104857600\n');
    expect(await ask(published.get(80))).toContain('Method: GET');
    expect((await docker('inspect', '-f', '{{.State.Running}} {{.State.OOMKilled}}', 'neighbour')).stdout).toBe('true false\n');
  });

  test('the memory of all its processes counts, and the largest goes first', async () => {
    const { docker } = await startTestMachine();
    const child = '["-e", "const held = Buffer.alloc(90e6, 1); setInterval(() => held[0], 1000)"]';
    const script = `require("child_process").spawn(process.execPath, ${child}).on("exit", (code, signal) => {
      console.log(signal);
      process.exit(0);
    }); const held = Buffer.alloc(30e6, 1); setInterval(() => held[0], 1000)`;
    expect(await docker('run', '--name', 'family', '-m', '100m', image, 'node', '-e', script)).toMatchObject({
      status: 0,
      stdout: 'SIGKILL\n',
    });
  });

  test('what is taken in one go is refused by the kernel', async () => {
    const { docker } = await startTestMachine();
    const greedy = 'try { const all = Buffer.alloc(3e9); console.log(all.length) } catch (error) { console.log(error.message) }';
    expect((await docker('run', '--rm', image, 'node', '-e', greedy)).stdout).toBe('Array buffer allocation failed\n');
  });

  test('beyond the limit of processes the newest are killed, and the program goes on', async () => {
    const { docker, startDocker } = await startTestMachine();
    // Sixty at most, so that the test is no danger where the limit fails.
    const script = `const { spawn } = require("child_process");
      let killed = 0, started = 0;
      const timer = setInterval(() => {
        if (++started > 60) return clearInterval(timer);
        spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]).on("exit", (code, signal) => {
          if (signal === "SIGKILL" && ++killed === 3) console.log("enough"), clearInterval(timer);
        });
      }, 50); process.on("SIGTERM", () => process.exit(3))`;
    const client = startDocker('run', '--name', 'forks', '--pids-limit', '60', image, 'node', '-e', script);
    await untilSaid(client.output, 'enough\n');
    // A starting Node has six threads at least, so that is the most that can be left of them.
    const running = async () => (await docker('top', 'forks')).stdout.trim().split('\n').slice(1);
    await vi.waitFor(async () => expect((await running()).length).toBeLessThanOrEqual(60 / 6), { timeout: 20_000 });
    await docker('stop', 'forks');
    expect(await client.finished).toMatchObject({ status: 3 });
  });

  test('what was not asked for has a limit too', async () => {
    const { docker } = await startTestMachine();
    await docker('run', '--name', 'plain', image, 'node', '-v');
    const template = '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.NanoCpus}}';
    expect((await docker('inspect', '-f', template, 'plain')).stdout).toBe('268435456 256 0\n');
  });

  test('a log does not fill the disk', async () => {
    const { docker } = await startTestMachine();
    const flood = 'const line = "x".repeat(9999) + "\\n"; for (let n = 0; n < 3000; n++) process.stdout.write(line)';
    await docker('run', '--name', 'flood', image, 'node', '-e', flood);
    const { stdout } = await docker('logs', 'flood');
    expect(stdout.length).toBeGreaterThan(9 * 1024 * 1024);
    expect(stdout.length).toBeLessThanOrEqual(20 * 1024 * 1024);
  });
});

testWith()('limits that make no sense are refused as Docker does', async () => {
  const { docker } = await modes[1]!.startTestMachine();
  for (const [args, message] of [
    [['-m', 'much'], `invalid argument "much" for "-m, --memory" flag: invalid size: 'much'`],
    [['-m', '1m'], 'Minimum memory limit allowed is 6MB'],
    [['--cpus', '1000'], 'range of CPUs is from 0.01 to '],
    [['--cpus', 'x'], 'invalid argument "x" for "--cpus" flag: failed to parse x as a rational number'],
    [['--pids-limit', 'x'], 'invalid argument "x" for "--pids-limit" flag'],
  ] as const) {
    expect(await docker('run', ...args, image)).toMatchObject({ status: 125, stderr: expect.stringContaining(message) });
  }
});
