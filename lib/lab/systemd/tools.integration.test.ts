import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { eventually, startTestMachine, type TestMachine } from './test-machine.ts';
import { cloudPlace } from './unit-files.ts';

interface Ran {
  stdout: string;
  stderr: string;
  code: number | null;
  signal: NodeJS.Signals | null;
}

function begin(
  machine: TestMachine | null,
  tool: string,
  ...argv: string[]
): { child: ChildProcess; ended: Promise<Ran>; seen: () => string } {
  const child = spawn(process.execPath, [join(inject('programs'), `${tool}.cjs`), ...argv], {
    env: { ...(machine && { COREOS_MACHINE: machine.facts.run }) } as NodeJS.ProcessEnv,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ran: Ran = { stdout: '', stderr: '', code: null, signal: null };
  child.stdout.on('data', (chunk) => {
    ran.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    ran.stderr += chunk;
  });
  const ended = new Promise<Ran>((resolve) => child.once('close', (code, signal) => resolve({ ...ran, code, signal })));
  return { child, ended, seen: () => ran.stdout };
}

function run(machine: TestMachine | null, tool: string, ...argv: string[]): Promise<Ran> {
  return begin(machine, tool, ...argv).ended;
}

const web =
  '[Unit]\nDescription=A web server\n[Service]\nExecStartPre=/bin/echo preparing\nExecStart=/bin/sh -c "echo up; exec sleep 1000"\n';

async function machineWithWeb(): Promise<TestMachine> {
  const machine = await startTestMachine();
  await machine.manager.load('web.service', web);
  return machine;
}

async function machineWithRunningWeb(): Promise<TestMachine> {
  const machine = await machineWithWeb();
  await machine.manager.start('web.service');
  await eventually(() => machine.messages('web.service')).toContain('sh: up');
  return machine;
}

test('systemctl status shows the state, the processes and the journal’s end', async () => {
  const { stdout, code } = await run(await machineWithRunningWeb(), 'systemctl', 'status', '-l', 'web.service');
  const date = String.raw`\w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`;
  const line = String.raw`\w{3} \d\d \d\d:\d\d:\d\d core-01`;
  expect(stdout).toMatch(
    new RegExp(
      [
        '^● web.service - A web server',
        '   Loaded: loaded \\(/run/fleet/units/web.service; linked-runtime\\)',
        `   Active: active \\(running\\) since ${date}; (?:now|\\d+m?s ago)`,
        '  Process: \\d+ ExecStartPre=/bin/echo preparing \\(code=exited, status=0/SUCCESS\\)',
        ' Main PID: (\\d+) \\(sh\\)',
        '   CGroup: /system.slice/web.service',
        '           └─\\1 /bin/sh -c "echo up; exec sleep 1000"',
        '',
        `${line} systemd\\[1\\]: Starting A web server...`,
        `${line} echo\\[\\d+\\]: preparing`,
        `${line} systemd\\[1\\]: Started A web server.`,
        `${line} sh\\[\\1\\]: up`,
        '$',
      ].join('\n'),
    ),
  );
  expect(code).toBe(0);
});

test('systemctl status of a failed unit says why and exits with 3', async () => {
  const machine = await startTestMachine();
  await machine.manager.load('bad.service', '[Service]\nExecStart=/bin/sh -c "exit 2"\n[Install]\nWantedBy=multi-user.target');
  await machine.manager.start('bad.service');
  await machine.reaches('bad.service', 'failed');
  const { stdout, code } = await run(machine, 'systemctl', 'status', 'bad');
  expect(stdout).toMatch(
    /^● bad.service\n {3}Loaded: loaded \(\/run\/fleet\/units\/bad.service; enabled-runtime\)\n {3}Active: failed \(Result: exit-code\) since /,
  );
  expect(stdout).toMatch(/\n Main PID: \d+ \(code=exited, status=2\/INVALIDARGUMENT\)\n/);
  expect(code).toBe(3);
});

test('systemctl status of an unknown unit exits with 4', async () => {
  expect(await run(await startTestMachine(), 'systemctl', 'status', 'nosuch.service')).toMatchObject({
    stderr: 'Unit nosuch.service could not be found.\n',
    stdout: '',
    code: 4,
  });
});

test('systemctl starts, stops and restarts, and waits for the outcome', async () => {
  const machine = await machineWithWeb();
  expect(await run(machine, 'systemctl', 'is-active', 'web')).toMatchObject({ stdout: 'inactive\n', code: 3 });
  expect(await run(machine, 'systemctl', 'start', 'web.service')).toMatchObject({ stdout: '', stderr: '', code: 0 });
  expect(await run(machine, 'systemctl', 'is-active', 'web')).toMatchObject({ stdout: 'active\n', code: 0 });
  expect((await run(machine, 'systemctl', 'restart', 'web.service')).code).toBe(0);
  expect((await machine.messages('web.service')).filter((message) => message === 'systemd: Started A web server.')).toHaveLength(2);
  expect((await run(machine, 'systemctl', 'stop', 'web.service')).code).toBe(0);
  expect(await run(machine, 'systemctl', 'is-active', 'web')).toMatchObject({ stdout: 'inactive\n', code: 3 });
  expect(await run(machine, 'systemctl', 'is-failed', 'web')).toMatchObject({ stdout: 'inactive\n', code: 1 });
});

test('systemctl start of a unit that fails says so and exits with 1', async () => {
  const machine = await startTestMachine();
  await machine.manager.load('bad.service', '[Service]\nExecStartPre=/bin/false\nExecStart=/bin/true');
  expect(await run(machine, 'systemctl', 'start', 'bad.service')).toMatchObject({
    stderr: "Job for bad.service failed. See 'systemctl status bad.service' and 'journalctl -xn' for details.\n",
    code: 1,
  });
  expect(await run(machine, 'systemctl', 'is-failed', 'bad')).toMatchObject({ stdout: 'failed\n', code: 0 });
  expect((await run(machine, 'systemctl', 'reset-failed', 'bad')).code).toBe(0);
  expect(await run(machine, 'systemctl', 'is-failed', 'bad')).toMatchObject({ stdout: 'inactive\n', code: 1 });
});

test('systemctl goes on with the other units when one fails, and its exit status tells of that one', async () => {
  const machine = await machineWithWeb();
  const { stderr, code } = await run(machine, 'systemctl', 'start', 'nothing.service', 'web.service');
  expect(stderr).toContain('nothing.service');
  expect(code).not.toBe(0);
  expect((await run(machine, 'systemctl', 'is-active', 'web.service')).stdout).toBe('active\n');
});

test('systemctl start of an unknown unit has the era’s message', async () => {
  expect(await run(await startTestMachine(), 'systemctl', 'start', 'nosuch.service')).toMatchObject({
    stderr: 'Failed to issue method call: Unit nosuch.service failed to load: No such file or directory.\n',
    code: 6,
  });
});

test('systemctl list-units, cat and show print what is loaded', async () => {
  const machine = await machineWithRunningWeb();
  const list = await run(machine, 'systemctl', 'list-units');
  expect(list.stdout).toMatch(/^UNIT +LOAD +ACTIVE +SUB +DESCRIPTION\n/);
  expect(list.stdout).toMatch(/\ndocker.service +loaded +active +running +Docker Application Container Engine\n/);
  expect(list.stdout).toMatch(/\nweb.service +loaded +active +running +A web server\n/);
  expect(list.stdout).toMatch(/\n8 loaded units listed. Pass --all/);
  expect((await run(machine, 'systemctl', 'cat', 'web')).stdout).toBe(`# /run/fleet/units/web.service\n${web}`);
  const { stdout } = await run(machine, 'systemctl', 'show', 'web', '-p', 'ActiveState,MainPID');
  expect(stdout).toMatch(/^ActiveState=active\nMainPID=[1-9]\d*\n$/);
  expect((await run(machine, 'systemctl', 'daemon-reload')).code).toBe(0);
});

test('systemctl reload, try-restart and kill do as they say, and tell when they cannot', async () => {
  const machine = await machineWithWeb();
  expect(await run(machine, 'systemctl', 'try-restart', 'web')).toMatchObject({ stdout: '', stderr: '', code: 0 });
  expect(await run(machine, 'systemctl', 'is-active', 'web')).toMatchObject({ stdout: 'inactive\n' });
  expect(await run(machine, 'systemctl', 'kill', 'web')).toMatchObject({
    stderr: 'Failed to issue method call: No process to kill\n',
    code: 1,
  });
  await run(machine, 'systemctl', 'start', 'web');
  expect(await run(machine, 'systemctl', 'reload', 'web')).toMatchObject({
    stderr: 'Failed to issue method call: Job type reload is not applicable for unit web.service.\n',
    code: 6,
  });
  expect((await run(machine, 'systemctl', 'reload-or-restart', 'web')).code).toBe(0);
  expect((await run(machine, 'systemctl', 'kill', '-s', 'USR1', 'web')).code).toBe(0);
  await machine.reaches('web.service', 'failed');
  expect(await run(machine, 'systemctl', 'list-units', '--failed', '--no-legend')).toMatchObject({
    stdout: expect.stringMatching(/^● web\.service loaded failed failed A web server\n$/),
  });
  expect(await run(machine, 'systemctl', 'is-system-running')).toMatchObject({ stdout: 'degraded\n', code: 1 });
});

test('systemctl tells which files there are, what is enabled, and what a unit pulls in', async () => {
  const machine = await machineWithWeb();
  const text = '[Unit]\nRequires=web.service docker.service\nDocumentation=http://example.com/a\n[Service]\nExecStart=/bin/true\n';
  const dropIns = [{ name: '10-b.conf', content: '[Service]\nRestart=always\n' }];
  await machine.manager.load('a.service', text, cloudPlace({ runtime: false, enable: false, dropIns }));
  await machine.manager.load('b.timer', '[Timer]\nOnCalendar=daily\n');
  machine.manager.mask('gone.service');
  expect(await run(machine, 'systemctl', 'list-unit-files', '--no-legend')).toMatchObject({
    stdout: 'a.service   static\nb.timer     linked-runtime\nweb.service linked-runtime\n',
  });
  expect(await run(machine, 'systemctl', 'is-enabled', 'a', 'web')).toMatchObject({ stdout: 'static\nlinked-runtime\n', code: 0 });
  expect(await run(machine, 'systemctl', 'is-enabled', 'gone')).toMatchObject({ stdout: 'masked\n', code: 1 });
  expect((await run(machine, 'systemctl', 'list-dependencies', 'a.service')).stdout).toBe('a.service\n├─docker.service\n└─web.service\n');
  expect((await run(machine, 'systemctl', 'list-dependencies', '--reverse', 'web.service')).stdout).toBe('web.service\n└─a.service\n');
  expect((await run(machine, 'systemctl', 'cat', 'a')).stdout).toBe(
    `# /etc/systemd/system/a.service\n${text}\n# /etc/systemd/system/a.service.d/10-b.conf\n${dropIns[0]!.content}`,
  );
  const status = await run(machine, 'systemctl', 'status', 'a');
  expect(status.stdout).toContain('  Drop-In: /etc/systemd/system/a.service.d\n           └─10-b.conf\n   Active: inactive (dead)\n');
  expect(status.stdout).toContain('     Docs: http://example.com/a\n');
  expect((await run(machine, 'systemctl', 'status', 'b.timer')).stdout).toMatch(
    /Loaded: error \(Reason: b\.timer is not supported in this lab: .*\)\n/,
  );
  const show = await run(machine, 'systemctl', 'show', 'a', '-p', 'Requires', '-p', 'Restart,ExecStart', '-p', 'CanReload');
  expect(show.stdout.split('\n').sort()).toEqual([
    '',
    'CanReload=no',
    'ExecStart={ path=/bin/true ; argv[]=/bin/true ; ignore_errors=no }',
    'Requires=web.service docker.service',
    'Restart=always',
  ]);
});

test('systemctl status of a unit whose condition did not hold names it', async () => {
  const machine = await startTestMachine();
  await machine.manager.load('a.service', '[Unit]\nConditionPathExists=|!/etc/environment\n[Service]\nExecStart=/bin/true\n');
  expect(await run(machine, 'systemctl', 'start', 'a')).toMatchObject({ stderr: '', code: 0 });
  const { stdout, code } = await run(machine, 'systemctl', 'status', 'a');
  expect(stdout).toMatch(/\n {11}start condition failed at .* UTC; .*\n {11}ConditionPathExists=\|!\/etc\/environment was not met\n/);
  expect(code).toBe(3);
});

test('journalctl prints the era’s header and lines', async () => {
  const machine = await machineWithRunningWeb();
  const { stdout, code } = await run(machine, 'journalctl', '--unit', 'web.service', '--no-pager', '-n', '2', '--output', 'short');
  const date = String.raw`\w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`;
  expect(stdout).toMatch(
    new RegExp(
      `^-- Logs begin at ${date}, end at ${date}\\. --\n\\w{3} \\d\\d [\\d:]{8} core-01 systemd\\[1\\]: Started A web server\\.\n.* sh\\[\\d+\\]: up\n$`,
    ),
  );
  expect(code).toBe(0);
});

test('journalctl selects and formats', async () => {
  const machine = await machineWithRunningWeb();
  expect((await run(machine, 'journalctl', '-u', 'web', '-o', 'cat')).stdout).toBe(
    'Starting A web server...\npreparing\nStarted A web server.\nup\n',
  );
  expect((await run(machine, 'journalctl', '-ru', 'web', '-o', 'cat', '-n1')).stdout).toBe('up\n');
  const { stdout } = await run(machine, 'journalctl', '-u', 'web', '-o', 'json', '-n', '1', '-b', '--since', 'today');
  expect(JSON.parse(stdout)).toMatchObject({ MESSAGE: 'up', _HOSTNAME: 'core-01', _SYSTEMD_UNIT: 'web.service' });
  expect((await run(machine, 'journalctl', '-u', 'nosuch')).stdout).toMatch(/^-- Logs begin .* --\n-- No entries --\n$/);
  expect((await run(machine, 'journalctl', '-qu', 'web', '--since', 'tomorrow')).stdout).toBe('');
});

test('journalctl finds units, programs, times and boots', async () => {
  const machine = await machineWithRunningWeb();
  machine.journal.append({ unit: 'b.service', identifier: 'b', pid: 7, message: 'from b', priority: 3 });
  machine.journal.append({ unit: 'c.service', identifier: 'c', pid: 8, message: 'from c', priority: 6 });
  const journal = async (...argv: string[]) => (await run(machine, 'journalctl', '-o', 'cat', ...argv)).stdout;
  expect(await journal('-u', 'b', '-u', 'c.service')).toBe('from b\nfrom c\n');
  expect(await journal('-t', 'b')).toBe('from b\n');
  expect(await journal('_PID=8')).toBe('from c\n');
  expect(await journal('_SYSTEMD_UNIT=b.service')).toBe('from b\n');
  expect(await journal('-p', 'err')).toBe('from b\n');
  expect(await journal('--until', 'yesterday')).toBe('');
  expect(await journal('-k')).toBe('');
  expect(await journal('-u', 'c', '-b', '0')).toBe('from c\n');
  expect(await journal('-u', 'c', '-b', '1')).toBe('from c\n');
  expect(await run(machine, 'journalctl', '-b', '-1')).toMatchObject({ stderr: expect.stringContaining('(-1)'), code: 1 });
  expect((await run(machine, 'journalctl', '--list-boots')).stdout).toMatch(
    /^0 (b007){8} \w{3} [\d-]+ [\d:]+ UTC—\w{3} [\d-]+ [\d:]+ UTC\n$/,
  );
  expect((await run(machine, 'journalctl', '-qu', 'c', '-o', 'short-iso')).stdout).toMatch(
    /^\d{4}-\d\d-\d\dT[\d:]{8}\+0000 core-01 c\[8\]: from c\n$/,
  );
  expect(await run(machine, 'journalctl', 'FOO=1')).toMatchObject({ stderr: expect.stringContaining('"FOO=1" is not supported'), code: 1 });
});

test('journalctl -f shows the last lines, then what comes, until it is interrupted', async () => {
  const machine = await machineWithRunningWeb();
  const { child, ended, seen } = begin(machine, 'journalctl', '--unit', 'web.service', '--no-pager', '-n', '10', '-f');
  await eventually(seen).toContain(': up\n');
  expect(seen()).toMatch(/^-- Logs begin at [^,]* UTC\. --\n/);
  machine.journal.append({ unit: 'web.service', identifier: 'test', pid: 5, message: 'later', priority: 6 });
  await eventually(seen).toContain('test[5]: later\n');
  child.kill('SIGINT');
  expect((await ended).signal).toBe('SIGINT');
});

test('journalctl -f loses nothing while a unit writes', async () => {
  const machine = await startTestMachine();
  await machine.manager.load('a.service', '[Service]\nType=oneshot\nExecStart=/usr/bin/seq 1 3000');
  const { seen } = begin(machine, 'journalctl', '-u', 'a', '-o', 'cat', '-f', '-n', 'all');
  await machine.manager.start('a.service');
  await eventually(seen).toContain('Started a.service.\n');
  const numbers = seen()
    .split('\n')
    .filter((line) => /^\d+$/.test(line));
  expect(numbers).toEqual(Array.from({ length: 3000 }, (_, index) => `${index + 1}`));
});

test('journalctl ends when nobody reads it any more', async () => {
  const machine = await machineWithRunningWeb();
  const { child, ended, seen } = begin(machine, 'journalctl', '-f');
  await eventually(seen).toContain(': up\n');
  child.stdout!.destroy();
  const timer = setInterval(() => machine.journal.append({ unit: null, identifier: 'test', pid: null, message: 'more', priority: 6 }), 20);
  onTestFinished(() => clearInterval(timer));
  expect(await ended).toMatchObject({ code: 0, stderr: '' });
});

test('journalctl -f ends with a reason when the machine does', async () => {
  const machine = await machineWithRunningWeb();
  const { ended, seen } = begin(machine, 'journalctl', '-f');
  await eventually(seen).toContain(': up\n');
  await machine.manager.close();
  expect(await ended).toMatchObject({ code: 1, stderr: 'journalctl: the machine is shutting down; its journal has ended.\n' });
});

test.each(['systemctl', 'journalctl'])('%s says what is wrong when there is no machine', async (tool) => {
  const outside = await run(null, tool);
  expect(outside.stderr).toContain('COREOS_MACHINE is not set');
  expect(outside.code).toBe(1);
  const machine = await startTestMachine();
  await machine.manager.close();
  expect((await run(machine, tool)).stderr).toContain('the machine is not running');
});

test.each([
  ['systemctl', ['frobnicate'], "Unknown operation 'frobnicate'."],
  ['systemctl', ['enable', 'web'], 'systemctl enable is not supported in this lab: a machine takes its units from fleet'],
  ['systemctl', ['poweroff'], 'systemctl poweroff is not supported in this lab: machines are switched with vagrant'],
  ['systemctl', ['start'], 'needs the name of a unit'],
  ['journalctl', ['--bogus'], "unrecognized option '--bogus'"],
  ['journalctl', ['-o', 'xml'], "unknown output format 'xml'"],
  ['journalctl', ['--since', 'whenever'], 'failed to parse timestamp: whenever'],
])('%s %j is refused', async (tool, argv, message) => {
  const { stderr, code } = await run(await startTestMachine(), tool, ...argv);
  expect(stderr).toContain(message);
  expect(code).toBe(1);
});
