// What a container in the sandbox cannot see or do.
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { killMachineProcesses } from '#lib/lab/machine-processes.ts';
import { isAlive } from '#lib/testing/is-alive.ts';
import { testWith } from '#lib/testing/peers.ts';
import { openSandbox } from './sandbox.ts';
import { image, startTestMachine, type TestMachine } from './test-machine.ts';

const sandboxed = testWith('bwrap');
const startMachine = () => startTestMachine({ program: 'bwrap' });

sandboxed('a container has its own files, and none of this computer’s', async () => {
  const machine = await startMachine();
  const outside = [
    machine.machine.directory,
    machine.machine.run,
    fileURLToPath(new URL('.', import.meta.url)),
    '/etc/shadow',
    '/home',
    '/sys',
    '/bin/sh',
  ];
  const seen = await inspectFromInside(
    machine,
    `({
      root: fs.readdirSync('/').sort(),
      outside: ${JSON.stringify(outside)}.filter((path) => fs.existsSync(path)),
      users: fs.readFileSync('/etc/passwd', 'utf8'),
      programs: ['/bin', '/usr/bin', '/usr/local/bin', '/sbin'].flatMap((path) => (fs.existsSync(path) ? fs.readdirSync(path) : [])),
      open: fs.readdirSync('/proc/self/fd').map((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd) } catch { return '' } }).filter((path) => /^.(?!proc|dev)/.test(path) && path.startsWith('/')),
      hosts: fs.readFileSync('/etc/hosts', 'utf8'),
    })`,
    '-h',
    'inside',
  );
  expect(seen).toEqual({
    root: expect.arrayContaining(['.lab', 'app', 'dev', 'etc', 'proc', 'root', 'tmp', 'usr']),
    outside: [],
    users: expect.stringMatching(/^root:x:0:0:root:\/root:\/sbin\/nologin\nnode:/),
    programs: ['node'],
    open: [],
    hosts: expect.stringContaining('172.17.0.2\tinside\n'),
  });
});

sandboxed('a container has its own processes, name and user, and no privileges', async () => {
  const seen = await inspectFromInside(
    await startMachine(),
    `({
      pid: process.pid,
      processes: fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)),
      kill: attempt(() => process.kill(${process.pid}, 0)),
      hostname: os.hostname(),
      user: os.userInfo().username,
      status: fs.readFileSync('/proc/self/status', 'utf8').match(/^(CapPrm|CapEff|CapBnd|NoNewPrivs):.*$/gm),
      environment: fs.readFileSync('/proc/self/environ', 'utf8').split('\\0').map((pair) => pair.split('=')[0]).filter((name) => /COREOS|MARK/.test(name)),
    })`,
    '-h',
    'inside',
  );
  expect(seen).toEqual({
    pid: 1,
    processes: ['1'],
    kill: 'ESRCH',
    hostname: 'inside',
    user: 'root',
    status: ['CapPrm:\t0000000000000000', 'CapEff:\t0000000000000000', 'CapBnd:\t0000000000000000', 'NoNewPrivs:\t1'],
    environment: [],
  });
});

sandboxed('a container reaches no port of this computer', async () => {
  const server = createServer((socket) => socket.end('secret'));
  const name = `\0sandbox-${process.pid}`;
  const abstract = createServer((socket) => socket.end('secret'));
  onTestFinished(() => {
    server.close();
    abstract.close();
  });
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );
  await new Promise<void>((resolve) => abstract.listen(name, resolve));
  const connect = (target: string) =>
    `new Promise((resolve) => net.connect(${target}).on('data', (data) => resolve(String(data))).on('error', (error) => resolve(error.code)))`;
  const seen = await inspectFromInside(
    await startMachine(),
    `Promise.all([${connect(`${port}, '127.0.0.1'`)}, ${connect(JSON.stringify(name))}, ${connect("53, '9.9.9.9'")}, Object.keys(os.networkInterfaces())])`,
  );
  expect(seen).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ENETUNREACH', ['lo']]);
});

sandboxed('what a container writes stays in its root, and an exec sees it', async () => {
  const { docker } = await startMachine();
  await docker('run', '-d', '--name', 'writer', image, 'node', '-e', 'fs.writeFileSync("/etc/mine", "text"); setInterval(() => {}, 1000)');
  const read =
    'setInterval(() => { if (fs.existsSync("/etc/mine")) { console.log(fs.readFileSync("/etc/mine", "utf8"), process.pid > 1); process.exit(5) } }, 10)';
  expect(await docker('exec', 'writer', 'node', '-e', read)).toMatchObject({ status: 5, stdout: 'text true\n', stderr: '' });
});

sandboxed('a container that the lab left behind is found by its marker, and ends whole', async () => {
  const { docker, machine } = await startMachine();
  const script =
    'require("child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { detached: true, env: {} }); setInterval(() => {}, 1000)';
  await docker('run', '-d', '--name', 'left', image, 'node', '-e', script);
  const pid = Number((await docker('inspect', '-f', '{{.State.Pid}}', 'left')).stdout);
  const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  await expect.poll(children).not.toBe('');
  const child = Number.parseInt(children(), 10);
  expect([pid, child].filter(isAlive)).toEqual([pid, child]);
  expect(killMachineProcesses(machine.run)).toBeGreaterThanOrEqual(2);
  await expect.poll(() => [pid, child].filter(isAlive)).toEqual([]);
  expect((await docker('wait', 'left')).stdout).toBe('137\n');
});

sandboxed('a link that a container leaves in its root leads nowhere outside', async () => {
  const { docker } = await startMachine();
  const script = 'fs.rmSync("/etc", { recursive: true }); fs.symlinkSync("/oldroot/tmp", "/etc")';
  expect(await docker('run', '--name', 'linker', image, 'node', '-e', script)).toMatchObject({ status: 0 });
  expect(await docker('start', 'linker')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('/etc in the container has to be a directory, and is something else'),
  });
});

sandboxed('a volume outlives its containers, begins with what the image has, and may be read only', async () => {
  const { docker, machine } = await startMachine();
  const write = 'fs.writeFileSync("/app/kept", "text"); console.log(fs.readdirSync("/app").sort().join())';
  expect((await docker('run', '--rm', '-v', 'data:/app', image, 'node', '-e', write)).stdout).toBe('kept,package.json,server.js\n');
  const read =
    'console.log(fs.readFileSync("/data/kept", "utf8")); try { fs.writeFileSync("/data/kept", "") } catch (error) { console.log(error.code) }';
  expect((await docker('run', '--name', 'reader', '-v', 'data:/data:ro', image, 'node', '-e', read)).stdout).toBe('text\nEROFS\n');
  expect((await docker('inspect', '-f', '{{json .HostConfig.Binds}}', 'reader')).stdout).toBe('["data:/data:ro"]\n');
  expect(readFileSync(join(machine.directory, 'var/lib/docker/volumes/data/_data/kept'), 'utf8')).toBe('text');
});

sandboxed('a folder of the machine’s user can be mounted, and nothing that a link leads to', async () => {
  const { docker, machine } = await startMachine();
  const home = join(machine.directory, 'home/core');
  await mkdir(join(home, 'site'), { recursive: true });
  await writeFile(join(home, 'site/page'), 'hello');
  await symlink(machine.run, join(home, 'elsewhere'));
  const read = 'console.log(fs.readFileSync("/site/page", "utf8"))';
  expect((await docker('run', '--rm', '-v', '/home/core/site:/site', image, 'node', '-e', read)).stdout).toBe('hello\n');
  for (const [source, message] of [
    ['/home/core/elsewhere', 'it leads out of /home/core'],
    ['/home/core/elsewhere/new', 'it leads out of /home/core'],
    ['/home/core/../../etc', '--volume is refused for /home/core/../../etc'],
    ['/', '--volume is refused for /'],
    ['/var/run/docker.sock', '--volume is refused for /var/run/docker.sock'],
  ]) {
    expect(await docker('run', '-v', `${source}:/site`, image, 'node', '-v')).toMatchObject({
      status: 125,
      stderr: expect.stringContaining(message!),
    });
  }
  for (const target of ['/', '/proc', '/.lab/sockets', '/dev/x']) {
    expect(await docker('run', '-v', `data:${target}`, image, 'node', '-v')).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('invalid volume'),
    });
  }
});

describe('docker info', () => {
  sandboxed('names the sandbox', async () => {
    const { docker } = await startMachine();
    expect(await docker('info')).toMatchObject({
      stdout: expect.stringContaining('Security Options: bubblewrap, no-new-privileges\n'),
      stderr: '',
    });
  });

  test('warns when there is none, and says why', async () => {
    const { docker } = await startTestMachine({ reason: 'bubblewrap is not installed' });
    const { stdout, stderr } = await docker('info');
    expect(stdout).toContain('Security Options: none\n');
    expect(stderr).toMatch(/^WARNING: Containers are ordinary processes here.*: bubblewrap is not installed\.\n$/);
  });
});

sandboxed('a Node that does not start in the sandbox is found out before a container needs it', async () => {
  const init = join(inject('programs'), 'container-init.cjs');
  expect(await openSandbox({ program: 'bwrap' }, init, tmpdir(), '/bin/false')).toEqual({
    reason: expect.stringMatching(/^Node does not start in bubblewrap here: /),
  });
});

sandboxed('an older bubblewrap, which cannot limit memory, will do', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'old-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const program = join(directory, 'old-bwrap');
  const script = '#!/bin/sh\ncase "$*" in *--size*) echo "bwrap: Unknown option --size" >&2; exit 1;; esac\nexec bwrap "$@"\n';
  await writeFile(program, script, { mode: 0o755 });
  const { docker } = await startTestMachine({ program });
  await docker('pull', '-q', image);
  const write = 'fs.writeFileSync("/tmp/x", ""); console.log(process.pid, fs.readdirSync("/tmp").join())';
  expect(await docker('run', '--rm', image, 'node', '-e', write)).toMatchObject({ status: 0, stdout: '1 x\n', stderr: '' });
});

/** The value of an expression in a container, by way of its output. */
async function inspectFromInside({ docker }: TestMachine, expression: string, ...options: string[]): Promise<unknown> {
  const script = `
    const attempt = (work) => { try { return work() } catch (error) { return error.code } };
    Promise.resolve(${expression}).then((value) => console.log(JSON.stringify(value)))`;
  const { status, stdout, stderr } = await docker('run', '--rm', ...options, image, 'node', '-e', script);
  expect({ status, stderr: stderr.replace(/^(Unable|Pulling|[0-9a-f]{12}:|Digest:|Status:).*\n/gm, '') }).toEqual({
    status: 0,
    stderr: '',
  });
  return JSON.parse(stdout);
}
