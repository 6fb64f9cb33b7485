import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { isAlive } from '#lib/testing/is-alive.ts';
import { testWith } from '#lib/testing/peers.ts';
import { type ContainerSetting, settingVariable } from './container-setting.ts';
import { buildImage } from './image-build.ts';
import { ask, image, modes, type TestMachine, untilSaid } from './test-machine.ts';

describe.each(modes)('a container $mode', ({ needs, startTestMachine }) => {
  const test = testWith(...needs);

  test.each([
    'listen(80)',
    'listen("80")',
    'listen({ port: 80 })',
    'listen(80, "0.0.0.0", () => {})',
    'listen({ port: 80, host: "::", backlog: 5 })',
    'listen(80, "0.0.0.0", 5, () => {})',
    'listen(80, () => {})',
  ])('a server that calls %s is reached through its published port', async (listen) => {
    const lab = await startTestMachine();
    await run(lab, `require("http").createServer((request, response) => response.end("answer")).${listen}`);
    expect(await ask(lab.published.get(80))).toBe('answer');
  });

  test('a server and its connections report addresses like behind Docker’s bridge', async () => {
    const lab = await startTestMachine();
    await run(
      lab,
      `const server = require("http").createServer(({ socket }, response) =>
      response.end(JSON.stringify([server.address(), socket.remoteAddress, socket.remoteFamily, socket.remotePort, socket.localAddress, socket.localPort])));
    server.listen(80, "0.0.0.0")`,
    );
    const [address, ...seen] = JSON.parse(await ask(lab.published.get(80)));
    expect(address).toEqual({ address: '0.0.0.0', family: 'IPv4', port: 80 });
    expect(seen).toEqual(['172.17.0.1', 'IPv4', expect.any(Number), '172.17.0.2', 80]);
  });

  test.each(['http://localhost/', 'http://127.0.0.1:80/', 'http://inside/', 'http://172.17.0.2/'])(
    'a program reaches a server of its own container at %s',
    async (url) => {
      const { docker } = await startTestMachine();
      const script = `
      const server = require("http").createServer((request, response) => response.end("answer")).listen(80, async () => {
        const body = await new Promise((resolve) => require("http").get(${JSON.stringify(url)}, (response) => response.on("data", resolve)));
        console.log(String(body), await (await fetch(${JSON.stringify(url)})).text());
        process.exit();
      })`;
      expect(await docker('run', '--rm', '-h', 'inside', image, 'node', '-e', script)).toMatchObject({
        status: 0,
        stdout: 'answer answer\n',
      });
    },
  );

  test('port 0 is some port, a taken one is EADDRINUSE, and a closed one is free again', async () => {
    const { docker } = await startTestMachine();
    const script = `
    const { createServer } = require("net");
    const one = createServer().listen(0, () => {
      const { port } = one.address();
      createServer().on("error", ({ code, syscall, port: taken }) => {
        console.log(port >= 1024, code, syscall, taken === port);
        one.close(() => createServer().listen(port, function () { console.log(one.address(), this.address().port === port); process.exit() }));
      }).listen(port);
    })`;
    const { stdout, stderr } = await docker('run', '--rm', image, 'node', '-e', script);
    expect({ stdout, stderr: stderr.replace(/^(Unable|Pulling|[0-9a-f]{12}:|Digest:|Status:).*\n/gm, '') }).toEqual({
      stdout: 'true EADDRINUSE listen true\nnull true\n',
      stderr: '',
    });
  });

  test("what listens on the container's loopback address is not reachable from outside", async () => {
    const lab = await startTestMachine();
    await run(lab, 'require("http").createServer().listen(80, "127.0.0.1", () => console.log("listening"))');
    const client = lab.startDocker('logs', '-f', 'program');
    await untilSaid(client.output, 'listening');
    expect(existsSync(lab.published.get(80)!)).toBe(false);
    expect(existsSync(join(dirname(lab.published.get(80)!), '80.local.sock'))).toBe(true);
  });

  test('a server in a forked child and the workers of a cluster are of the same container', async () => {
    const lab = await startTestMachine();
    const program = `
    import cluster from 'node:cluster';
    import { fork } from 'node:child_process';
    import { createServer } from 'node:http';
    if (process.argv[2] === 'child') createServer((request, response) => response.end('forked')).listen(81);
    else if (cluster.isPrimary) { cluster.fork(); cluster.fork(); fork(process.argv[1], ['child']); }
    else createServer((request, response) => response.end('worker of ' + Object.keys(process.env).filter((name) => /COREOS|CONTAINER/.test(name)))).listen(80);`;
    await useProgram(lab, program);
    await lab.docker('run', '-d', '-p', '80:80', '-p', '81:81', image);
    expect(await ask(lab.published.get(80))).toBe('worker of ');
    expect(await ask(lab.published.get(81))).toBe('forked');
  });
});

test('a container ends with all it started when its daemon is gone', async () => {
  const grandchild = 'require("child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"])';
  const setting: ContainerSetting = {
    sockets: tmpdir(),
    address: '172.17.0.2',
    gateway: '172.17.0.1',
    hostname: 'inside',
    hidden: [],
    unset: [],
    lifeline: true,
    first: 'one',
  };
  const child = spawn(
    process.execPath,
    ['--require', join(inject('programs'), 'container-init.cjs'), '-e', `console.log(${grandchild}.pid); setInterval(() => {}, 1000)`],
    { detached: true, env: { ...process.env, [settingVariable]: JSON.stringify(setting) }, stdio: ['ignore', 'pipe', 'inherit', 'pipe'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const [pid] = (await once(child.stdout!, 'data')) as [Buffer];
  expect(isAlive(Number(pid))).toBe(true);
  child.stdio[3]!.destroy(); // as the kernel does for a daemon that was killed
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  await expect.poll(() => isAlive(Number(pid))).toBe(false);
});

async function run(lab: TestMachine, script: string): Promise<void> {
  const started = await lab.docker('run', '-d', '--init', '--name', 'program', '-p', '80:80', image, 'node', '-e', script);
  expect(started).toMatchObject({ status: 0 });
}

/** Puts another server.js into the image. */
async function useProgram(lab: TestMachine, program: string): Promise<void> {
  const source = join(lab.machine.directory, 'source');
  await mkdir(source, { recursive: true });
  await cp(fileURLToPath(new URL('../../../reflector', import.meta.url)), source, { recursive: true });
  await writeFile(join(source, 'server.js'), program);
  await buildImage(source, lab.registry);
}
