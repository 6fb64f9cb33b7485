import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { marked, prepareProject, startTestLab, type TestLab } from './test-lab.ts';

test('`vagrant up` boots a machine that the real ssh enters, and destroy takes it away', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  const vagrant = (args: string) => testLab.shell(`vagrant ${args}`, { directory });

  expect((await vagrant('status')).stdout).toContain('core-01                   not created (virtualbox)');
  expect(await vagrant('ssh -c true')).toMatchObject({
    status: 1,
    stderr: 'VM must be created before running this command. Run `vagrant up` first.\n',
  });

  const up = await vagrant('up');
  expect(up).toMatchObject({ status: 0, stderr: '' });
  const { machines } = await testLab.lab.status();
  expect(machines).toMatchObject([{ name: 'core-01', state: 'running', address: '172.17.8.101', provisioned: true, directory }]);
  const [{ sshPort, identityFile }] = machines as [(typeof machines)[number]];
  const expected = [
    "Bringing machine 'core-01' up with 'virtualbox' provider...",
    "==> core-01: Box 'coreos-stable' could not be found. Attempting to find and install...",
    '    core-01: Box Provider: virtualbox',
    '    core-01: Box Version: >= 308.0.1',
    "==> core-01: Importing base box 'coreos-stable'...",
    '==> core-01: Forwarding ports...',
    `    core-01: 22 (guest) => ${sshPort} (host) (adapter 1)`,
    '==> core-01: Booting VM...',
    '==> core-01: Waiting for machine to boot. This may take a few minutes...',
    `    core-01: SSH address: 127.0.0.1:${sshPort}`,
    '==> core-01: Machine booted and ready!',
    '==> core-01: Running provisioner: file...',
    `    core-01: ${directory}/user-data => /tmp/vagrantfile-user-data`,
    '==> core-01: Running provisioner: shell...',
    '    core-01: Running: inline script',
  ];
  expect(up.stdout.split('\n').filter((line) => expected.includes(line))).toEqual(expected);

  expect((await stat(identityFile)).mode & 0o777).toBe(0o600);
  const ssh = `ssh -F /dev/null -i ${identityFile} -p ${sshPort} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes core@127.0.0.1`;
  expect(await testLab.shell(`${ssh} 'cat "$HOME/../../etc/os-release"'`)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('CoreOS 494.4.0'),
  });
  expect(await vagrant("ssh -c 'hostname; exit 7'")).toMatchObject({ status: 7, stdout: 'core-01\n' });
  expect((await vagrant('status --machine-readable')).stdout).toMatch(/^\d+,core-01,state,running$/m);

  const again = await vagrant('up');
  expect(again.stdout).toContain('==> core-01: Machine already provisioned. Run `vagrant provision` or use the `--provision`\n');
  expect(again.stdout).not.toContain('Booting');

  expect(await vagrant('up --debug')).toMatchObject({ status: 0, stderr: expect.stringContaining('There is no debug log') });
  expect(await vagrant('destroy --no-tty')).toMatchObject({ status: 1, stderr: expect.stringContaining('requires\na TTY') });

  const destroyed = await vagrant('destroy -f');
  expect(destroyed).toEqual({
    status: 0,
    stderr: '',
    stdout: '==> core-01: Forcing shutdown of VM...\n==> core-01: Destroying VM and associated drives...\n',
  });
  expect((await testLab.lab.status()).machines).toEqual([]);
  expect((await testLab.shell(`${ssh} true`)).status).toBe(255);
});

test('the ssh-config pipeline of the walkthrough hands the key to a real ssh-agent', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  const script = `eval "$(ssh-agent)" >/dev/null; trap 'kill $SSH_AGENT_PID' EXIT; bash vagrant-setup && bash vagrant-setup && ssh-add -l && test -f ~/.fleetctl/known_hosts`;
  const result = await testLab.shell(script, { directory });
  expect(result.status).toBe(0);
  expect(result.stderr).toContain('Identity added: ');
  expect(result.stdout).toMatch(/2048 SHA256:\S+ .*\(RSA\)/);
});

test('without an ssh-agent vagrant-setup stops before it starts anything', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  const result = await testLab.shell('unset SSH_AUTH_SOCK; ./vagrant-setup', { directory });
  expect(result).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('no ssh-agent answers') });
  expect((await testLab.lab.status()).machines).toEqual([]);
});

test('halt keeps the machine, and a machine that was booted again needs no fresh discovery URL', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  const vagrant = (args: string) => testLab.shell(`vagrant ${args}`, { directory });
  await vagrant('up');
  await vagrant("ssh -c 'echo kept > ~/note'");
  expect(await vagrant('halt')).toEqual({ status: 0, stderr: '', stdout: '==> core-01: Attempting graceful shutdown of VM...\n' });
  expect(await vagrant('halt')).toEqual({ status: 0, stderr: '', stdout: '' });
  expect((await vagrant('status')).stdout).toContain('core-01                   poweroff (virtualbox)');
  expect(await vagrant('provision')).toEqual({
    status: 0,
    stderr: '',
    stdout: '==> core-01: VM is not currently running. Please, first bring it up with `vagrant up` then run this command.\n',
  });
  for (const nothingToDo of ['suspend', 'resume']) expect(await vagrant(nothingToDo)).toEqual({ status: 0, stderr: '', stdout: '' });
  expect(await vagrant('ssh-config')).toMatchObject({ status: 1, stderr: expect.stringContaining('is not yet ready for SSH') });

  const up = await vagrant('up');
  expect(up.status).toBe(0);
  expect(up.stdout).toContain('Clearing any previously set forwarded ports...');
  expect(up.stdout).not.toContain('Importing');
  expect((await vagrant("ssh -c 'cat ~/note'")).stdout).toBe('kept\n');
  expect((await testLab.lab.status()).machines[0]!.etcdPort).toBeTypeOf('number');
});

test.each([
  [
    'a used token',
    async (testLab: TestLab, directory: string) => void (await testLab.shell('vagrant up && vagrant destroy -f', { directory })),
    /has previously registered with discovery service token/,
  ],
  [
    'an unknown token',
    (_: TestLab, directory: string) => setDiscovery(directory, (url) => url.replace(/[0-9a-f]{32}$/, 'f'.repeat(32))),
    /100: Key not found/,
  ],
  [
    'the public service',
    (_: TestLab, directory: string) => setDiscovery(directory, () => `https://discovery.etcd.io/${'f'.repeat(32)}`),
    /the public service, no longer answers; the lab has its own/,
  ],
  [
    'the placeholder',
    (_: TestLab, directory: string) => setDiscovery(directory, () => 'https://discovery.etcd.io/<token>'),
    /still holds its placeholder/,
  ],
])('%s fails the boot visibly, and a fresh URL with the next `vagrant up` repairs it', async (_name, spoil, reason) => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  await spoil(testLab, directory);
  const failed = await testLab.shell('vagrant up', { directory });
  expect(failed).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(reason),
    stderr: expect.stringContaining('non-zero exit status'),
  });
  expect((await testLab.lab.status()).machines).toMatchObject([{ state: 'running', provisioned: false, etcdPort: null }]);
  const seen = await testLab.shell("vagrant ssh -c 'systemctl is-active etcd.service fleet.service; journalctl -u etcd.service'", {
    directory,
  });
  expect(seen.stdout).toMatch(/^inactive\ninactive\n/);
  expect(seen.stdout).toMatch(reason);

  const { discovery } = await testLab.lab.status();
  const fresh = await testLab.shell(`curl -fsS '${discovery}/new?size=1'`);
  await setDiscovery(directory, () => fresh.stdout);
  expect((await testLab.shell('vagrant up', { directory })).status).toBe(0);
  expect((await testLab.lab.status()).machines).toMatchObject([{ provisioned: true, etcdPort: expect.any(Number) }]);
});

test('a machine whose cluster is to have three members waits for the others without holding up vagrant', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab, 3);
  const alone = await testLab.shell('vagrant up', { directory });
  expect(alone).toMatchObject({ status: 0, stdout: expect.stringContaining('found 1 peer(s), waiting for 2 more') });
  expect(alone.stdout).toContain('    core-01: This discovery URL is for a cluster of 3, but config.rb makes 1: etcd waits');
  expect(alone.stdout).toContain(`(curl '${(await testLab.lab.status()).discovery}/new?size=1' prints one)`);
  expect((await testLab.lab.status()).machines).toMatchObject([{ etcdPort: null }]);

  await setConfig(directory, '$num_instances = 3');
  const up = await testLab.shell('vagrant up', { directory });
  expect(up.status).toBe(0);
  expect(up.stdout).not.toContain('for ever');
  await expect
    .poll(async () => (await testLab.lab.status()).machines.map(({ etcdPort }) => etcdPort))
    .toEqual(Array(3).fill(expect.any(Number)));
  const ports = (await testLab.lab.status()).machines.map(({ sshPort }) => sshPort);
  expect(new Set(ports).size).toBe(3);
  const set = await testLab.shell(`vagrant ssh core-01 -c 'etcdctl set /a b' && vagrant ssh core-03 -c 'etcdctl get /a'`, { directory });
  expect(set.stdout).toBe('b\nb\n');

  const destroyed = await testLab.shell('vagrant destroy -f', { directory });
  expect(destroyed.stdout.match(/(?<===> )core-\d+(?=: Destroying)/g)).toEqual(['core-03', 'core-02', 'core-01']);
});

test('a taken port is told as Vagrant tells it, and the machine gets another one', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  const occupant = createServer().listen(2222, '127.0.0.1');
  onTestFinished(() => void occupant.close());
  // Whether this test or something else on the computer has it: it is taken.
  await new Promise((resolve) => occupant.once('listening', resolve).once('error', resolve));
  const up = await testLab.shell('vagrant up', { directory });
  const [machine] = (await testLab.lab.status()).machines;
  expect(machine!.sshPort).not.toBe(2222);
  expect(up.stdout).toContain(`==> core-01: Fixed port collision for 22 => 2222. Now on port ${machine!.sshPort}.`);
});

test('$expose_docker_tcp leads programs to Docker’s API, and keeps web pages out', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  await setConfig(directory, '$expose_docker_tcp = 2375');
  const up = await testLab.shell('vagrant up', { directory });
  const port = (await testLab.lab.status()).machines[0]!.forwardedPorts.find(({ guest }) => guest === 2375)!.host;
  expect(up.stdout).toContain(`    core-01: 2375 (guest) => ${port} (host) (adapter 1)\n    core-01: 22 (guest)`);
  const ask = (args: string) => testLab.shell(`curl -s -o /dev/null -w '%{http_code}' ${args} http://127.0.0.1:${port}/version`);
  expect((await ask('')).stdout).toBe('200');
  expect((await ask("-H 'Origin: http://evil.test'")).stdout).toBe('403');
  expect((await ask("-H 'Sec-Fetch-Site: none'")).stdout).toBe('403');
  expect((await ask('-H "Host: evil.test"')).stdout).toBe('403');
  expect((await testLab.shell('vagrant port', { directory })).stdout).toContain(`    2375 (guest) => ${port} (host)\n`);
});

test('errors in config.rb and user-data name the file’s line', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  await appendFile(join(directory, 'config.rb'), '\nopen("x")\n');
  expect(await testLab.shell('vagrant status', { directory })).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/config\.rb\nLine number: \d+\nMessage: `open\("x"\)` is not understood/),
  });
  await setConfig(directory, '$num_instances = 1');
  await writeFile(join(directory, 'user-data'), '#cloud-config\ncoreos:\n  etdc: 1\n');
  const up = await testLab.shell('vagrant up', { directory });
  expect(up).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('    core-01: coreos-cloudinit: user-data, line 3: `coreos.etdc` is not understood.'),
  });
});

test('machines that ran are booted again with the lab, those that were off stay off', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  await testLab.shell("vagrant up && vagrant ssh -c 'etcdctl set /a b'", { directory });
  await testLab.restart();
  expect((await testLab.lab.status()).machines).toMatchObject([{ state: 'running', etcdPort: expect.any(Number) }]);
  expect((await testLab.shell("vagrant ssh -c 'etcdctl get /a'", { directory })).stdout).toBe('b\n');
  await testLab.shell('vagrant halt', { directory });
  await testLab.restart();
  expect((await testLab.lab.status()).machines).toMatchObject([{ state: 'poweroff', etcdPort: null }]);
});

test('when the lifeline closes nothing of the lab is left running', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  await testLab.shell('vagrant up', { directory });
  const { sshPort, identityFile } = (await testLab.lab.status()).machines[0]!;
  const ssh = `ssh -F /dev/null -n -i ${identityFile} -p ${sshPort} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null core@127.0.0.1`;
  const session = testLab.shell(`${ssh} 'echo started; exec sleep 1000'`);
  await expect.poll(async () => (await marked(testLab.marker)).some(({ command }) => command === 'sleep 1000')).toBe(true);
  const started = performance.now();
  await testLab.lab.close();
  await session;
  expect(await marked(testLab.marker)).toEqual([]);
  expect(performance.now() - started).toBeLessThan(5000);
});

test('a lab that is killed is started again, ends what its machines left running, and boots them', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  await testLab.shell(`vagrant up && vagrant ssh -c 'nohup setsid sleep 4321 >/dev/null 2>&1 &'`, { directory });
  const running = async () => (await marked(testLab.marker)).map(({ command }) => command);
  await expect.poll(running).toContain('sleep 4321');
  const { pid } = (await marked(testLab.marker)).find(({ command }) => command.includes('lab.mjs'))!;
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => testLab.lab.status().catch(() => null)).toMatchObject({ machines: [{ state: 'running' }] });
  expect(testLab.exits).toEqual([expect.stringContaining('by SIGKILL. It is started again')]);
  expect(await running()).not.toContain('sleep 4321');
  expect((await testLab.shell('vagrant ssh -c true', { directory })).status).toBe(0);
});

test('without the lab, vagrant says how to start it', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  await testLab.lab.close();
  expect(await testLab.shell('vagrant up', { directory })).toMatchObject({ status: 1, stderr: expect.stringContaining('npm start') });
  expect(await testLab.shell('vagrant --version', { directory })).toMatchObject({ status: 0, stdout: 'Vagrant 2.3.4\n' });
});

async function setDiscovery(directory: string, change: (url: string) => string): Promise<void> {
  const path = join(directory, 'user-data');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace(/(?<=discovery: ).*/, change));
}

async function setConfig(directory: string, text: string): Promise<void> {
  await writeFile(join(directory, 'config.rb'), `${text}\n`);
}
