// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${X} is the syntax of unit files here
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isAlive } from '#lib/testing/is-alive.ts';
import { unitOf2014 } from '#lib/testing/unit-of-2014.ts';
import { eventually, startTestMachine } from './test-machine.ts';

const fakeDocker = `
case "$1" in
  kill|rm) echo "Error response from daemon: No such container: $2" >&2; exit 1;;
  pull) echo "Pulling repository $2"; echo "Download complete";;
  run) echo "argv: $*"; echo "The server is online and listening on Port 80."; exec sleep 1000;;
esac`;

test('the walkthrough’s unit runs its commands in order and is running at the end', async () => {
  const { manager, reaches, messages } = await startTestMachine({ '/usr/bin/etcdctl': 'echo "$3"', '/usr/bin/docker': fakeDocker });
  const seen: string[] = [];
  manager.onState(({ load, active, sub }) => seen.push(`${load} ${active} ${sub}`));
  await manager.load('reflector.service', unitOf2014);
  await manager.start('reflector.service');
  await reaches('reflector.service', 'running');
  await expect
    .poll(async () => (await messages('reflector.service')).at(-1))
    .toBe('docker: The server is online and listening on Port 80.');
  expect(await messages('reflector.service')).toEqual([
    'systemd: Starting Spin Up CoreOS Reflector Demo...',
    'etcdctl: 172.17.8.101',
    'etcdctl: 80',
    'docker: Error response from daemon: No such container: reflector',
    'docker: Error response from daemon: No such container: reflector',
    'docker: Pulling repository pandapup/coreos_reflector',
    'docker: Download complete',
    'systemd: Started Spin Up CoreOS Reflector Demo.',
    'docker: argv: run --name reflector -p 80:80 pandapup/coreos_reflector',
    'docker: The server is online and listening on Port 80.',
  ]);
  expect(seen).toEqual(['loaded inactive dead', 'loaded activating start-pre', 'loaded active running']);
  await manager.stop('reflector.service');
  await reaches('reflector.service', 'dead');
  expect((await messages('reflector.service')).slice(-2)).toEqual([
    'systemd: Stopping Spin Up CoreOS Reflector Demo...',
    'systemd: Stopped Spin Up CoreOS Reflector Demo.',
  ]);
});

test('a failing ExecStartPre= fails the start with the era’s messages', async () => {
  const { manager, reaches, messages } = await startTestMachine({ '/usr/bin/docker': 'echo no such image >&2; exit 7' });
  await manager.load('a.service', '[Unit]\nDescription=A\n[Service]\nExecStartPre=/usr/bin/docker pull x\nExecStart=/bin/sleep 1000');
  await manager.start('a.service');
  expect(await reaches('a.service', 'failed')).toEqual({ name: 'a.service', load: 'loaded', active: 'failed', sub: 'failed' });
  expect(await messages('a.service')).toEqual([
    'systemd: Starting A...',
    'docker: no such image',
    'systemd: a.service: control process exited, code=exited status=7',
    'systemd: Failed to start A.',
    'systemd: Unit a.service entered failed state.',
  ]);
});

test('a missing program fails the unit, and with the - prefix it does not', async () => {
  const { manager, reaches, messages } = await startTestMachine();
  await manager.load('a.service', '[Service]\nExecStartPre=-/usr/bin/nosuch\nExecStart=/bin/sleep 1000');
  await manager.start('a.service');
  await reaches('a.service', 'running');
  await manager.load('b.service', '[Service]\nExecStart=/usr/bin/nosuch');
  await manager.start('b.service');
  await reaches('b.service', 'failed');
  expect(await messages('b.service')).toEqual([
    'systemd: Starting b.service...',
    'systemd: Started b.service.',
    'systemd: Failed at step EXEC spawning /usr/bin/nosuch: No such file or directory',
    'systemd: b.service: main process exited, code=exited, status=203/EXEC',
    'systemd: Unit b.service entered failed state.',
  ]);
});

test('a missing EnvironmentFile= fails the start at once, and with - it does not', async () => {
  const { manager, reaches, messages } = await startTestMachine();
  await manager.load('a.service', '[Service]\nEnvironmentFile=/etc/nosuch\nExecStart=/bin/echo ran');
  await manager.start('a.service');
  await reaches('a.service', 'failed');
  expect(await messages('a.service')).toEqual([
    'systemd: Starting a.service...',
    'systemd: Failed to load environment files: No such file or directory',
    "systemd: a.service failed to run 'start' task: No such file or directory",
    'systemd: Failed to start a.service.',
    'systemd: Unit a.service entered failed state.',
  ]);
  await manager.load('b.service', '[Service]\nType=oneshot\nEnvironmentFile=-/etc/nosuch\nExecStart=/bin/echo ran');
  await manager.start('b.service');
  await eventually(() => messages('b.service')).toContain('systemd: Started b.service.');
  expect(await messages('b.service')).toContain('echo: ran');
});

test('an environment file that one command writes is read for the next', async () => {
  const { manager, facts, messages } = await startTestMachine();
  const unit = `[Service]
Type=oneshot
EnvironmentFile=-/etc/made
ExecStartPre=/bin/sh -c "echo WHO=world > ${facts.resolve('/etc/made')}"
ExecStart=/bin/echo hello \${WHO}`;
  await manager.load('a.service', unit);
  await manager.start('a.service');
  await eventually(() => messages('a.service')).toContain('echo: hello world');
});

test('all output of a process that ends at once is journaled before its end', async () => {
  const { manager, reaches, messages } = await startTestMachine();
  await manager.load('a.service', '[Service]\nExecStart=/bin/sh -c "seq 1 5000; exit 3"');
  await manager.start('a.service');
  await reaches('a.service', 'failed');
  const all = await messages('a.service');
  expect(all.filter((message) => message.startsWith('sh: '))).toHaveLength(5000);
  expect(all.slice(-3)).toEqual([
    'sh: 5000',
    'systemd: a.service: main process exited, code=exited, status=3/NOTIMPLEMENTED',
    'systemd: Unit a.service entered failed state.',
  ]);
});

test('the end of a process is told although a child of it holds its output open', async () => {
  const { manager, reaches, messages } = await startTestMachine();
  await manager.load('a.service', '[Service]\nKillMode=process\nExecStart=/bin/sh -c "sleep 1000 & echo $! ; exit 1"');
  await manager.start('a.service');
  await reaches('a.service', 'failed');
  const pid = Number((await messages('a.service')).find((message) => /^sh: \d+$/.test(message))!.slice(4));
  expect(isAlive(pid)).toBe(true);
  process.kill(pid, 'SIGKILL');
});

test('stopping a unit ends its whole process group, and what left the group as well', async () => {
  const { manager, reaches, facts } = await startTestMachine();
  const pids = join(facts.environment.TEST_DIR!, 'pids');
  await manager.load(
    'a.service',
    `[Service]\nExecStart=/bin/sh -c "sleep 1000 & echo $$$$ $! > ${pids}; setsid sleep 1000 & sleep 0.2; echo $! >> ${pids}; wait"`,
  );
  await manager.start('a.service');
  await eventually(() => existsSync(pids) && readFileSync(pids, 'utf8').trim().split(/\s+/).length).toBe(3);
  const all = readFileSync(pids, 'utf8').trim().split(/\s+/).map(Number);
  expect(all.map(isAlive)).toEqual([true, true, true]);
  await manager.stop('a.service');
  await reaches('a.service', 'dead');
  expect(manager.states()).toEqual([{ name: 'a.service', load: 'loaded', active: 'inactive', sub: 'dead' }]);
  await eventually(() => all.map(isAlive)).toEqual([false, false, false]);
});

test('a process that ignores TERM is killed after TimeoutStopSec=', async () => {
  const { manager, reaches, messages } = await startTestMachine();
  await manager.load(
    'a.service',
    `[Service]\nTimeoutStopSec=300ms\nExecStart=/bin/sh -c "trap '' TERM; echo ready; while :; do sleep 0.05; done"`,
  );
  await manager.start('a.service');
  await eventually(() => messages('a.service')).toContain('sh: ready');
  const began = performance.now();
  await manager.stop('a.service');
  expect((await reaches('a.service', 'stop-sigterm')).active).toBe('deactivating');
  await reaches('a.service', 'failed');
  expect(performance.now() - began).toBeGreaterThan(290);
  expect(await messages('a.service')).toContain('systemd: a.service stop-sigterm timed out. Killing.');
  expect(await messages('a.service')).toContain('systemd: a.service: main process exited, code=killed, status=9/KILL');
});

test('a crash loop ends with the start limit', async () => {
  const { manager, reaches, messages } = await startTestMachine();
  await manager.load('a.service', '[Unit]\nDescription=Loop\n[Service]\nExecStart=/bin/false\nRestart=always\nRestartSec=10ms');
  await manager.start('a.service');
  await eventually(() => messages('a.service')).toContain('systemd: a.service start request repeated too quickly, refusing to start.');
  await reaches('a.service', 'failed');
  const all = await messages('a.service');
  expect(all.filter((message) => message === 'systemd: Started Loop.')).toHaveLength(5);
  expect(all.filter((message) => message.endsWith('holdoff time over, scheduling restart.'))).toHaveLength(5);
  // fleet's start forgets the failure first
  await manager.start('a.service');
  await expect
    .poll(async () => (await messages('a.service')).filter((message) => message === 'systemd: Started Loop.').length)
    .toBeGreaterThan(5);
});

test('ExecStop= knows the main process', async () => {
  const { manager, reaches, messages } = await startTestMachine();
  await manager.load(
    'a.service',
    '[Service]\nExecStart=/bin/sleep 1000\nExecStop=/bin/sh -c "echo stopping; kill -INT $MAINPID"\nExecStopPost=/bin/echo gone',
  );
  await manager.start('a.service');
  await reaches('a.service', 'running');
  await manager.stop('a.service');
  await reaches('a.service', 'dead');
  expect((await messages('a.service')).slice(2)).toEqual([
    'systemd: Stopping a.service...',
    'sh: stopping',
    'echo: gone',
    'systemd: Stopped a.service.',
  ]);
});

test('a forking service runs as long as the daemon that it left behind', async () => {
  const { manager, reaches, facts } = await startTestMachine();
  const pidFile = join(facts.environment.TEST_DIR!, 'daemon.pid');
  await manager.load('a.service', `[Service]\nType=forking\nPIDFile=${pidFile}\nExecStart=/bin/sh -c "sleep 1000 & echo $! > ${pidFile}"`);
  await manager.start('a.service');
  await reaches('a.service', 'running');
  const daemon = Number(readFileSync(pidFile, 'utf8'));
  expect(daemon).toBeGreaterThan(1); // 0 would be this test's own group
  process.kill(daemon, 'SIGTERM');
  await reaches('a.service', 'dead');
});

test('Requires= starts the other unit first, and stops this one with it', async () => {
  const { manager, reaches, messages } = await startTestMachine();
  await manager.load('db.service', '[Service]\nExecStartPre=/bin/sleep 0.1\nExecStart=/bin/sleep 1000');
  await manager.load('web.service', '[Unit]\nRequires=db.service\nAfter=db.service network.target\n[Service]\nExecStart=/bin/sleep 1000');
  await manager.start('web.service');
  await reaches('web.service', 'running');
  expect(await messages()).toEqual([
    'systemd: Starting db.service...',
    'systemd: Started db.service.',
    'systemd: Starting web.service...',
    'systemd: Started web.service.',
  ]);
  await manager.stop('db.service');
  await Promise.all([reaches('web.service', 'dead'), reaches('db.service', 'dead')]);
  expect((await messages()).slice(4)).toEqual([
    'systemd: Stopping web.service...',
    'systemd: Stopped web.service.',
    'systemd: Stopping db.service...',
    'systemd: Stopped db.service.',
  ]);
});

test('a required unit that fails to start takes the unit that waits for it along', async () => {
  const { manager, messages } = await startTestMachine();
  await manager.load('db.service', '[Service]\nType=oneshot\nExecStart=/bin/false');
  await manager.load('web.service', '[Unit]\nRequires=db.service\nAfter=db.service\n[Service]\nExecStart=/bin/sleep 1000');
  await manager.start('web.service');
  await eventually(() => messages('web.service')).toEqual(['systemd: Dependency failed for web.service.']);
  expect(manager.states().find(({ name }) => name === 'web.service')?.active).toBe('inactive');
});

test('a required unit that nobody knows keeps the unit from starting', async () => {
  const { manager } = await startTestMachine();
  await manager.load('a.service', '[Unit]\nRequires=nosuch.service\n[Service]\nExecStart=/bin/sleep 1000');
  await expect(manager.start('a.service')).rejects.toThrow('Unit nosuch.service failed to load: No such file or directory.');
  expect(manager.states()[0]?.active).toBe('inactive');
});

test('units that wait for each other are started all the same', async () => {
  const { manager, reaches, messages } = await startTestMachine();
  await manager.load('a.service', '[Unit]\nRequires=b.service\nAfter=b.service\n[Service]\nExecStart=/bin/sleep 1000');
  await manager.load('b.service', '[Unit]\nAfter=a.service\n[Service]\nExecStart=/bin/sleep 1000');
  await manager.start('a.service');
  await Promise.all([reaches('a.service', 'running'), reaches('b.service', 'running')]);
  expect((await messages()).some((message) => message.includes('Found ordering cycle'))).toBe(true);
});

test('a unit file with errors has load state error and names the line', async () => {
  const { manager, messages } = await startTestMachine();
  await manager.load('a.service', '[Service]\nExecStart=true\n');
  expect(manager.states()).toEqual([{ name: 'a.service', load: 'error', active: 'inactive', sub: 'dead' }]);
  expect(await messages('a.service')).toContain('systemd: [/run/fleet/units/a.service:2] Executable path is not absolute, ignoring: true');
  await expect(manager.start('a.service')).rejects.toThrow('Unit a.service failed to load: Invalid argument.');
});

test.each(['../a.service', 'a/b.service', '.service/x', 'a.timers', 'a', 'a b.service', ''])(
  'the unit name %j is refused',
  async (name) => {
    const { manager } = await startTestMachine();
    await expect(manager.load(name, '[Service]\nExecStart=/bin/true')).rejects.toThrow();
    expect(manager.states()).toEqual([]);
  },
);

test('unload stops the unit, waits for it and forgets it', async () => {
  const { manager, reaches, facts } = await startTestMachine();
  await manager.load('a.service', '[Service]\nExecStart=/bin/sleep 1000');
  await manager.start('a.service');
  await reaches('a.service', 'running');
  const file = join(facts.directory, 'run/fleet/units/a.service');
  expect(existsSync(file)).toBe(true);
  await manager.unload('a.service');
  expect(manager.states()).toEqual([]);
  expect(existsSync(file)).toBe(false);
  await manager.unload('a.service');
});

test('a unit that is stopped and started at once runs anew', async () => {
  const { manager, messages } = await startTestMachine();
  await manager.load('a.service', '[Service]\nExecStart=/bin/sh -c "echo up; exec sleep 1000"');
  await manager.start('a.service');
  await eventually(() => messages('a.service')).toContain('sh: up');
  await manager.stop('a.service');
  await new Promise((resolve) => setImmediate(resolve));
  await manager.start('a.service');
  await eventually(async () => (await messages('a.service')).filter((message) => message === 'sh: up').length).toBe(2);
});

test('closing ends every unit within five seconds, even one that ignores TERM', async () => {
  const { manager, reaches, messages } = await startTestMachine();
  await manager.load(
    'a.service',
    `[Service]\nRestart=always\nExecStart=/bin/sh -c "trap '' TERM; echo $$$$; while :; do sleep 0.05; done"`,
  );
  await manager.load('b.service', '[Service]\nExecStart=/bin/sleep 1000');
  await manager.start('a.service');
  await manager.start('b.service');
  await reaches('b.service', 'running');
  await eventually(async () => (await messages('a.service')).some((message) => /^sh: \d+$/.test(message))).toBe(true);
  const pid = Number((await messages('a.service')).find((message) => /^sh: \d+$/.test(message))!.slice(4));
  const began = performance.now();
  await manager.close();
  expect(performance.now() - began).toBeLessThan(5000);
  expect(isAlive(pid)).toBe(false);
  expect(
    manager
      .states()
      .map(({ active }) => active)
      .every((active) => active === 'inactive' || active === 'failed'),
  ).toBe(true);
});

test('every process of a unit can be told apart and none sees the app’s own environment', async () => {
  process.env.APP_SECRET = 'x';
  const { manager, messages } = await startTestMachine();
  delete process.env.APP_SECRET;
  await manager.load(
    'a.service',
    '[Service]\nType=oneshot\nEnvironment="A=two words"\nUser=nobody\nWorkingDirectory=/usr\nExecStart=/bin/sh -c "env; pwd"',
  );
  await manager.start('a.service');
  await eventually(() => messages('a.service')).toContain('systemd: Started a.service.');
  const all = await messages('a.service');
  expect(all).toEqual(expect.arrayContaining(['sh: A=two words', 'sh: USER=core', 'sh: /usr']));
  expect(all.some((message) => /INVOCATION_ID=[0-9a-f]{32}/.test(message))).toBe(true);
  expect(all.some((message) => message.includes('APP_SECRET'))).toBe(false);
  expect(all.some((message) => message.includes('User=nobody is not supported in this lab, ignoring'))).toBe(true);
});

test('a unit that floods its output is cut off, and its end is still told', async () => {
  const { manager, reaches, messages } = await startTestMachine();
  await manager.load('a.service', '[Service]\nExecStart=/bin/sh -c "yes | head -n 300000; exit 1"');
  await manager.start('a.service');
  await reaches('a.service', 'failed');
  const all = await messages('a.service');
  expect(all.filter((message) => message === 'sh: y')).toHaveLength(10_000);
  expect(all.at(-1)).toBe('systemd: Unit a.service entered failed state.');
});
