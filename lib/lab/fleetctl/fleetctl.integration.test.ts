import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, inject, onTestFinished, test } from 'vitest';
import { startPtyHost } from '#lib/terminal/pty-host.ts';
import type { SshServer } from '../ssh/server.ts';
import { makeKey, startTestServer } from '../ssh/test-server.ts';
import { createTestFleet, type TestFleet } from './test-fleet.ts';

const program = join(inject('programs'), 'fleetctl.cjs');
const core01 = { id: '4c389e87f2bb4d4a8a1e7f9d2b3c4d5e', primaryIP: '172.17.8.101', metadata: {} };
const core02 = { id: '85c0c5950f4d4b6c8d1e2f3a4b5c6d7e', primaryIP: '172.17.8.102', metadata: { region: 'us-east-1', disk: 'ssd' } };
const unitText = '[Unit]\nDescription=Hello\n\n[Service]\nExecStart=/bin/true\n';

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

interface Lab {
  fleet: TestFleet;
  server: SshServer;
  home: string;
  environment: Record<string, string>;
  /** Runs fleetctl through the tunnel, without host-key checks unless `strict`. */
  run(args: string[], options?: { strict?: boolean; input?: string; environment?: Record<string, string> }): Promise<Outcome>;
}

async function startLab(keyType = 'ed25519'): Promise<Lab> {
  const fleet = createTestFleet([core01, core02]);
  const ptyHost = startPtyHost({ program: join(inject('programs'), 'pty-host.mjs') });
  onTestFinished(() => ptyHost.close());
  const { server, directory, identity } = await startTestServer(
    {
      ptyHost,
      fleet: (stream) => void fleet.api.emit('connection', stream),
      connect: async (address, port) => {
        if (port !== 22 || !/^172\.17\.8\.10[12]$/.test(address)) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
        const [near, far] = duplexPair();
        server.accept(far);
        return near;
      },
    },
    keyType,
  );
  await makeTools(directory);
  const environment = { PATH: process.env.PATH ?? '', HOME: directory, SSH_AUTH_SOCK: await startAgent(directory, identity) };
  return {
    fleet,
    server,
    home: directory,
    environment,
    run(args, options = {}) {
      const flags = ['--tunnel', `127.0.0.1:${server.port}`, ...(options.strict ? [] : ['--strict-host-key-checking=false'])];
      return runProcess('node', [program, ...flags, ...args], options.environment ?? environment, directory, options.input);
    },
  };
}

/** What the machine answers for `journalctl` and `systemctl`: the arguments, as the shell made them. */
async function makeTools(directory: string): Promise<void> {
  const bin = join(directory, 'home', 'core', 'bin');
  await mkdir(bin, { recursive: true });
  const follow = 'printf "%s\\n" "journalctl" "$@"; case " $* " in *" -f "*) exec sleep 1000;; esac';
  await writeFile(join(bin, 'journalctl'), `#!/bin/bash\n${follow}\n`);
  await writeFile(join(bin, 'systemctl'), '#!/bin/bash\nprintf "%s\\n" "systemctl" "$@"\nexit 3\n');
  for (const name of ['journalctl', 'systemctl']) await chmod(join(bin, name), 0o755);
}

async function startAgent(directory: string, identity: string | null): Promise<string> {
  const socket = join(directory, `agent-${identity === null ? 'empty' : 'full'}`);
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void agent.kill());
  await new Promise((resolve) => agent.stdout.once('data', resolve));
  if (identity !== null) await promisify(execFile)('ssh-add', ['-q', identity], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  return socket;
}

function runProcess(file: string, args: string[], env: Record<string, string>, cwd: string, input = ''): Promise<Outcome> {
  const child = spawn(file, args, { env: env as NodeJS.ProcessEnv, cwd, stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return collect(child);
}

function collect(child: ChildProcess): Promise<Outcome> {
  const outcome: Outcome = { status: null, stdout: '', stderr: '' };
  child.stdout!.setEncoding('utf8').on('data', (text) => {
    outcome.stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text) => {
    outcome.stderr += text;
  });
  return new Promise((resolve) => child.on('close', (status) => resolve({ ...outcome, status })));
}

/** A command in a terminal of the learner's; `ended` resolves with all that it has shown. */
async function openTerminal(lab: Lab, command: string) {
  const ptyHost = startPtyHost({ program: join(inject('programs'), 'pty-host.mjs') });
  onTestFinished(() => ptyHost.close());
  const pty = await ptyHost.open({
    file: '/bin/bash',
    args: ['-c', command],
    directory: lab.home,
    environment: { ...lab.environment, TERM: 'xterm' },
    size: { cols: 80, rows: 24 },
  });
  let shown = '';
  pty.onOutput((bytes) => {
    shown += bytes.toString('utf8');
  });
  return {
    ended: new Promise<string>((resolve) => pty.onExit(() => resolve(shown))),
    write: (text: string) => pty.write(text),
    async until(text: string): Promise<void> {
      while (!shown.includes(text)) await delay(10);
    },
  };
}

async function addUnit(lab: Lab): Promise<string> {
  const file = join(lab.home, 'hello.service');
  await writeFile(file, unitText);
  return file;
}

test('the life of a unit, from submit to destroy', async () => {
  const lab = await startLab();
  const file = await addUnit(lab);
  const place = '4c389e87.../172.17.8.101';
  const steps: [string[], Outcome][] = [
    [['submit', file], { status: 0, stdout: 'Unit hello.service inactive\n', stderr: '' }],
    [['submit', file], { status: 0, stdout: '', stderr: '' }],
    [['cat', 'hello'], { status: 0, stdout: unitText, stderr: '' }],
    [['load', file], { status: 0, stdout: `Unit hello.service loaded on ${place}\n`, stderr: '' }],
    [['start', file], { status: 0, stdout: `Unit hello.service launched on ${place}\n`, stderr: '' }],
    [['start', file], { status: 0, stdout: '', stderr: '' }],
    [['list-units'], { status: 0, stdout: `UNIT\t\tMACHINE\t\t\t\tACTIVE\tSUB\nhello.service\t${place}\tactive\trunning\n`, stderr: '' }],
    [
      ['list-unit-files'],
      { status: 0, stdout: `UNIT\t\tHASH\tDSTATE\t\tSTATE\t\tTARGET\nhello.service\t6abe518\tlaunched\tlaunched\t${place}\n`, stderr: '' },
    ],
    [
      ['stop', 'hello'],
      { status: 0, stdout: `Unit hello.service loaded on ${place}\n`, stderr: 'Successfully stopped units [hello.service].\n' },
    ],
    [['unload', 'hello'], { status: 0, stdout: 'Unit hello.service inactive\n', stderr: 'Successfully unloaded units [hello.service].\n' }],
    [['stop', 'hello'], { status: 1, stdout: '', stderr: 'Unable to stop unit hello.service in state inactive\n' }],
    [['destroy', file], { status: 0, stdout: 'Destroyed hello.service\n', stderr: '' }],
    [['destroy', file], { status: 0, stdout: '', stderr: 'Units not found in registry\n' }],
    [['cat', 'hello'], { status: 1, stdout: '', stderr: 'Unit hello.service not found\n' }],
  ];
  for (const [args, expected] of steps) expect.soft({ args, ...(await lab.run(args)) }).toEqual({ args, ...expected });
});

test('a unit that still pulls its image has been started all the same', async () => {
  const lab = await startLab();
  lab.fleet.active = ['activating', 'start-pre'];
  expect(await lab.run(['start', await addUnit(lab)])).toEqual({
    status: 0,
    stdout: 'Unit hello.service inactive\nUnit hello.service launched on 4c389e87.../172.17.8.101\n',
    stderr: '',
  });
});

test('a local file that differs is told, and sent when asked for', async () => {
  const lab = await startLab();
  const file = await addUnit(lab);
  await lab.run(['submit', file]);
  await writeFile(file, unitText.replace('true', 'false'));
  expect((await lab.run(['submit', file])).stderr).toBe(
    `WARNING: Unit hello.service in registry differs from local unit file ${file}. Add --replace to override.\n`,
  );
  await lab.run(['submit', '--replace', file]);
  expect((await lab.run(['cat', 'hello'])).stdout).toContain('/bin/false');
  expect((await lab.run(['submit', '--replace', file])).stdout).toBe('Found same Unit(hello.service) in Registry, nothing to do\n');
  await lab.run(['load', file]);
  await writeFile(file, unitText);
  expect((await lab.run(['submit', '--replace', file])).stderr).toBe(
    "Warning: can not replace Unit(hello.service) in state 'loaded', use the appropriate command\n",
  );
  expect((await lab.run(['cat', 'hello'])).stdout).toContain('/bin/false');
});

test('an instance takes its text from a template, and an unknown unit is an error', async () => {
  const lab = await startLab();
  await writeFile(join(lab.home, 'web@.service'), unitText);
  expect((await lab.run(['start', 'web@1', 'web@2.service'])).status).toBe(0);
  expect([...lab.fleet.units.keys()]).toEqual(['web@1.service', 'web@2.service']);
  expect(await lab.run(['start', 'nosuch'])).toEqual({
    status: 1,
    stdout: '',
    stderr: 'Error creating units: unable to find Unit(nosuch.service) in Registry or on filesystem\n',
  });
  expect((await lab.run(['load', 'nosuch@1'])).stderr).toBe(
    'Error creating units: failed getting Unit(nosuch@1.service) from template: unable to find template Unit(nosuch@.service) in Registry or on filesystem\n',
  );
});

test('machines over several pages, their fields and what is no field', async () => {
  const lab = await startLab();
  lab.fleet.machines.push({ id: 'ffffffff000000000000000000000000', primaryIP: '172.17.8.103', metadata: {} });
  expect((await lab.run(['list-machines'])).stdout).toBe(
    'MACHINE\t\tIP\t\tMETADATA\n4c389e87...\t172.17.8.101\t-\n85c0c595...\t172.17.8.102\tdisk=ssd,region=us-east-1\nffffffff...\t172.17.8.103\t-\n',
  );
  expect((await lab.run(['list-machines', '-l', '--no-legend', '--fields=machine'])).stdout.split('\n')[0]).toBe(core01.id);
  expect(await lab.run(['list-machines', '--fields', 'foo'])).toEqual({
    status: 1,
    stdout: '',
    stderr: 'Invalid key in output format: "foo"\n',
  });
});

test('journal and status run on the machine through a second connection, and pass its exit status on', async () => {
  const lab = await startLab('rsa');
  await lab.run(['start', await addUnit(lab)]);
  const journal = await lab.run(['journal', '--lines', '5', 'hello']);
  expect(journal.stdout.split('\n').slice(1, -1)).toEqual(['--unit', 'hello.service', '--no-pager', '-n', '5', '--output', 'short']);
  const status = await lab.run(['status', 'hello', 'hello']);
  expect(status).toMatchObject({ status: 3, stdout: 'systemctl\nstatus\n-l\nhello.service\n' });
  expect(await lab.run(['journal', 'nosuch'])).toMatchObject({ status: 1, stderr: 'Unit nosuch.service does not exist.\n' });
});

test('ssh finds the machine by its ID or by a unit, and passes input, output and status on', async () => {
  const lab = await startLab();
  await lab.run(['start', await addUnit(lab)]);
  expect(await lab.run(['ssh', '85c0', 'cat; exit 6'], { input: 'over there' })).toEqual({ status: 6, stdout: 'over there', stderr: '' });
  expect(await lab.run(['ssh', 'hello', 'printf', '%s', '-x'])).toMatchObject({ status: 0, stdout: '-x' });
  expect(await lab.run(['ssh', 'nosuch'])).toEqual({
    status: 1,
    stdout: '',
    stderr: 'Unable to proceed: could not find matching unit or machine\n',
  });
  expect(await lab.run(['ssh', '--ssh-port', '2', '4c38', 'true'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('Failed building SSH client: '),
  });
});

test('host keys: two questions at first, none later, and the box when a key has changed', async () => {
  const lab = await startLab();
  await lab.run(['start', await addUnit(lab)]);
  const first = await lab.run(['journal', 'hello'], { strict: true, input: 'yes\nyes\n' });
  const address = `[127.0.0.1]:${lab.server.port}`;
  expect(first.status).toBe(0);
  expect(first.stderr.replaceAll(/(?:[0-9a-f]{2}:){15}[0-9a-f]{2}/g, 'MD5')).toBe(
    [address, '172.17.8.101']
      .map(
        (host) =>
          `The authenticity of host '${host}' can't be established.\nECDSA key fingerprint is MD5.\nAre you sure you want to continue connecting (yes/no)? Warning: Permanently added '${host}' (ECDSA) to the list of known hosts.\n`,
      )
      .join(''),
  );
  expect(await lab.run(['journal', 'hello'], { strict: true })).toMatchObject({ status: 0, stderr: '' });
  const file = join(lab.home, '.fleetctl', 'known_hosts');
  const known = await readFile(file, 'utf8');
  await writeFile(file, known.replaceAll(/(AAAA\S{40})..../g, '$1AAAA'));
  const changed = await lab.run(['list-machines'], { strict: true, input: 'yes\n' });
  expect(changed).toMatchObject({ status: 1, stdout: '' });
  expect(changed.stderr).toContain('REMOTE HOST IDENTIFICATION HAS CHANGED!');
  expect(changed.stderr).toMatch(
    /\nUnable to initialize client: failed initializing SSH client: ssh: handshake failed: host key mismatch\n$/,
  );
});

test.each(['no\n', ''])('a host key that is not accepted (%j) ends the command', async (input) => {
  const lab = await startLab();
  const { status, stderr } = await lab.run(['list-machines'], { strict: true, input });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /\? Host key verification failed\.\nUnable to initialize client: failed initializing SSH client: ssh: handshake failed: unauthorized host\n$/,
  );
});

test('what is missing for a connection is told in the words of fleetctl', async () => {
  const lab = await startLab();
  const without = async (change: Record<string, string>): Promise<string> =>
    (await lab.run(['list-machines'], { environment: { ...lab.environment, ...change } })).stderr;
  const prefix = 'Unable to initialize client: failed initializing SSH client: ';
  expect(await without({ SSH_AUTH_SOCK: '' })).toContain(
    `${prefix}SSH_AUTH_SOCK environment variable is not set. Verify ssh-agent is running.`,
  );
  expect(await without({ SSH_AUTH_SOCK: '/nowhere' })).toBe(`${prefix}dial unix /nowhere: connect: no such file or directory\n`);
  expect(await without({ SSH_AUTH_SOCK: await startAgent(lab.home, null) })).toBe(
    `${prefix}ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain\n`,
  );
  await lab.server.close();
  expect(await without({})).toBe(`${prefix}dial tcp 127.0.0.1:${lab.server.port}: connect: connection refused\n`);
});

test('a question that is not answered in time ends the command and saves nothing', async () => {
  const lab = await startLab();
  const child = spawn('node', [program, '--ssh-timeout', '1', '--tunnel', `127.0.0.1:${lab.server.port}`, 'list-machines'], {
    env: lab.environment as unknown as NodeJS.ProcessEnv,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const { status, stderr } = await collect(child);
  expect(status).toBe(1);
  expect(stderr).toMatch(/timed out while initiating SSH connection\n$/);
  await expect(readFile(join(lab.home, '.fleetctl', 'known_hosts'))).rejects.toThrow('ENOENT');
});

test('an endpoint without a tunnel: http, a Unix socket, nothing, nonsense', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'fleetctl-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const { api } = createTestFleet([core01]);
  const socket = join(directory, 'fleet.sock');
  const [byPort, bySocket] = [createTestFleet([core01]).api, api];
  await new Promise<void>((resolve) => byPort.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => bySocket.listen(socket, resolve));
  onTestFinished(() => [byPort, bySocket].forEach((server) => void server.close()));
  const run = (args: string[], environment = {}) =>
    runProcess('node', [program, ...args], { PATH: process.env.PATH ?? '', HOME: directory, ...environment }, directory);
  const address = byPort.address();
  const port = typeof address === 'object' ? address!.port : 0;
  const listed = { status: 0, stdout: 'MACHINE\t\tIP\t\tMETADATA\n4c389e87...\t172.17.8.101\t-\n', stderr: '' };
  expect(await run(['--endpoint', `http://127.0.0.1:${port}`, 'list-machines'])).toEqual(listed);
  expect(await run(['--endpoint', `unix://${socket}`, 'list-machines'])).toEqual(listed);
  expect(await run(['--endpoint', `file://${socket}`, 'list-machines'])).toEqual(listed);
  expect(await run(['--endpoint', `unix://${socket},nosuch`, 'list-machines'])).toEqual({
    ...listed,
    stderr: expect.stringMatching(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d WARN .* only the first \(unix:\/\/\S+sock\) is used\n$/),
  });
  expect(await run(['list-machines'], { COREOS_MACHINE: directory })).toEqual(listed);
  expect(await run(['list-machines'])).toEqual({
    status: 1,
    stdout: '',
    stderr:
      'Error retrieving list of active machines from fleet API (Get "http://domain-sock/fleet/v1/machines?alt=json": dial unix /var/run/fleet.sock: connect: no such file or directory)\nPossible issues:\n  etcd is unhealthy and/or lost quorum\n  connection cannot be established to any etcd servers\n',
  });
  expect((await run(['--endpoint', 'localhost', 'list-units'])).stderr).toBe('Unable to initialize client: URL scheme undefined\n');
  expect((await run(['--endpoint', 'unix://var/run/fleet.sock', 'list-units'])).stderr).toBe(
    'Unable to initialize client: unable to connect to host "var" with scheme "unix"\n',
  );
});

test('unknown commands and flags are told and end with 0, as in fleetctl 1.0', async () => {
  const run = (...args: string[]) => runProcess('node', [program, ...args], { PATH: process.env.PATH ?? '' }, tmpdir());
  expect(await run('nosuch', '--flag')).toEqual({
    status: 0,
    stdout: '',
    stderr:
      'Error: unknown command "nosuch" for "fleetctl"\nRun \'fleetctl --help\' for usage.\ncannot execute cmdFleet: unknown command "nosuch" for "fleetctl"\n',
  });
  expect(await run('start', '-x')).toMatchObject({ status: 0, stderr: expect.stringContaining("unknown shorthand flag: 'x' in -x") });
  expect(await run('--version')).toEqual({ status: 0, stdout: 'fleetctl version 1.0.0\n', stderr: '' });
  expect(await run('verify', 'x')).toMatchObject({ status: 2 });
  for (const args of [[], ['help'], ['help', 'start'], ['start', '--help']]) expect((await run(...args)).stdout).toContain('Usage:');
});

test('one command is one channel: every request goes over the same stream', async () => {
  const lab = await startLab();
  let streams = 0;
  lab.fleet.api.on('connection', () => {
    streams += 1;
  });
  await lab.run(['start', await addUnit(lab)]);
  expect(streams).toBe(1);
  expect(lab.fleet.requests.length).toBeGreaterThan(5);
});

test('in a terminal, journal follows until Ctrl-C, and the terminal is as it was', async () => {
  const lab = await startLab();
  await lab.run(['start', await addUnit(lab)]);
  const flags = `--strict-host-key-checking=false --tunnel 127.0.0.1:${lab.server.port}`;
  const terminal = await openTerminal(
    lab,
    `stty -a > before; node ${program} ${flags} journal -follow=true hello; echo "status $?"; stty -a > after`,
  );
  await terminal.until('-f\r\n');
  terminal.write('\x03');
  const shown = await terminal.ended;
  expect(shown).toMatch(/status 130\r\n$/);
  expect(shown).toContain('--unit\r\nhello.service\r\n');
  expect(await readFile(join(lab.home, 'after'), 'utf8')).toBe(await readFile(join(lab.home, 'before'), 'utf8'));
});

test('in a terminal, the answer to the question is taken and what is typed after it is left', async () => {
  const lab = await startLab();
  const terminal = await openTerminal(
    lab,
    `node ${program} --tunnel 127.0.0.1:${lab.server.port} list-machines; echo "status $?"; read line; echo "left: $line"`,
  );
  await terminal.until('(yes/no)? ');
  terminal.write('yes\rthe next command\r');
  expect(await terminal.ended).toMatch(/172\.17\.8\.102[^\n]*\nstatus 0\r\n(?:the next command\r\n)?left: the next command\r\n$/);
});

test('in a terminal, ssh opens a shell on the machine', async () => {
  const lab = await startLab();
  const flags = `--strict-host-key-checking=false --tunnel 127.0.0.1:${lab.server.port}`;
  const terminal = await openTerminal(lab, `node ${program} ${flags} ssh 4c38; echo "status $?"`);
  await terminal.until('core@core-01 ~ $ ');
  terminal.write('stty size; exit 5\r');
  expect(await terminal.ended).toMatch(/24 80\r\nlogout\r\nstatus 0\r\n$/);
});

test('a key of another account does not open the tunnel', async () => {
  const lab = await startLab();
  const stranger = await makeKey(lab.home, 'rsa', 'stranger');
  await mkdir(join(lab.home, 'other'));
  const agent = await startAgent(join(lab.home, 'other'), stranger);
  expect(await lab.run(['list-units'], { environment: { ...lab.environment, SSH_AUTH_SOCK: agent } })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('unable to authenticate'),
  });
});
