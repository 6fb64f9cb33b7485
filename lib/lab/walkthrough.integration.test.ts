import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import { expect, test } from 'vitest';
import { unitOf2014 } from '#lib/testing/unit-of-2014.ts';
import { marked, prepareProject, startAgent, startTestLab } from './test-lab.ts';

test('the walkthrough by hand: from vagrant-setup to the reflected request and back to nothing', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  const agent = await startAgent(testLab);
  const learner = (line: string, timeout?: number) =>
    testLab.shell(`export SSH_AUTH_SOCK=${agent}; ${line}`, { directory, ...(timeout ? { timeout } : {}) });

  const setup = await learner('bash vagrant-setup');
  expect(setup).toMatchObject({ status: 0, stdout: expect.stringContaining('==> core-01: Machine booted and ready!') });
  const { sshPort, identityFile } = (await testLab.lab.status()).machines[0]!;
  const fleetctl = `fleetctl --tunnel 127.0.0.1:${sshPort}`;

  const machines = await learner(`echo yes | ${fleetctl} list-machines`);
  expect(machines.stderr).toContain('Are you sure you want to continue connecting (yes/no)?');
  expect(machines.stdout).toMatch(/^MACHINE\t+IP\t+METADATA\n[0-9a-f]{8}\.\.\.\t172\.17\.8\.101\t-\n$/);

  const started = await learner(`${fleetctl} start ../coreos-reflector/reflector.service`);
  expect(started).toMatchObject({ status: 0, stdout: expect.stringMatching(/launched on [0-9a-f]{8}\.\.\.\/172\.17\.8\.101\n$/) });

  // The journal is followed by name and with the one-dash flag, as the walkthrough has it.
  const journal = await learner(`yes | ${fleetctl} journal -follow=true ../coreos-reflector/reflector.service > ../journal & follower=$!
    until grep -q 'online and listening' ../journal; do sleep 0.1; done; kill $follower; cat ../journal`);
  expect(journal.stdout).toMatch(/^-- Logs begin at /);
  expect(journal.stdout).toMatch(/ core-01 docker\[\d+\]: The server is online and listening on Port 80/);

  await expect
    .poll(() => learner(`${fleetctl} list-units`).then(({ stdout }) => stdout))
    .toMatch(/reflector\.service\t+[0-9a-f]{8}\.\.\.\/172\.17\.8\.101\tactive\trunning/);

  const answer = await browse(sshPort, identityFile);
  expect(answer).toContain("I've received your request loud and clear.");
  expect(answer).toMatch(/^Host: 172\.17\.8\.101\nAccept: text\/html\nhttpVersion: 1\.1\nMethod: GET\nURL: \/$/m);

  expect((await learner(`vagrant ssh -c 'etcdctl get /dns/reflector/host; etcdctl get /dns/reflector/port'`)).stdout).toBe(
    '172.17.8.101\n80\n',
  );
  expect((await learner(`vagrant ssh -c 'docker ps'`)).stdout).toMatch(/pandapup\/coreos_reflector.*80->80\/tcp.*reflector/);
  expect((await learner(`vagrant ssh -c 'systemctl is-active reflector.service'`)).stdout).toBe('active\n');

  // A restart of the computer: the machine comes back, and fleet starts what it had launched.
  await testLab.restart();
  await expect.poll(() => learner(`${fleetctl} list-units`).then(({ stdout }) => stdout), { timeout: 20_000 }).toMatch(/active\trunning/);
  await expect.poll(() => browse(sshPort, identityFile).catch((error) => String(error))).toContain('loud and clear');

  expect(await learner(`${fleetctl} stop reflector.service`)).toMatchObject({ status: 0, stdout: expect.stringContaining('loaded on') });
  await expect
    .poll(
      () =>
        browse(sshPort, identityFile).then(
          () => 'answered',
          () => 'refused',
        ),
      { timeout: 10_000 },
    )
    .toBe('refused');
  expect(await learner(`${fleetctl} destroy reflector.service`)).toMatchObject({ status: 0, stdout: 'Destroyed reflector.service\n' });
  expect((await learner('vagrant destroy -f')).status).toBe(0);
  expect((await learner('vagrant status')).stdout).toContain('not created');
  expect((await marked(testLab.marker)).filter(({ command }) => !/lab\.mjs|pty-host\.mjs|ssh-agent/.test(command))).toEqual([]);
}, 120_000);

test('the unit file of 2014 runs unchanged', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  const agent = await startAgent(testLab);
  await writeFile(join(directory, 'reflector.service'), unitOf2014);
  const learner = (line: string) => testLab.shell(`export SSH_AUTH_SOCK=${agent}; ${line}`, { directory });
  await learner('bash vagrant-setup');
  const { sshPort, identityFile } = (await testLab.lab.status()).machines[0]!;
  const fleetctl = `fleetctl --tunnel 127.0.0.1:${sshPort} --strict-host-key-checking=false`;
  expect(await learner(`${fleetctl} start reflector.service`)).toMatchObject({ status: 0, stderr: '' });
  expect((await learner(`${fleetctl} list-unit-files`)).stdout).toMatch(/^reflector\.service\tdc96740\tlaunched\tlaunched\t/m);
  await expect.poll(() => browse(sshPort, identityFile).catch((error) => String(error))).toContain('loud and clear');
  expect((await learner("vagrant ssh -c 'etcdctl get /dns/reflector/host; etcdctl get /dns/reflector/port'")).stdout).toBe(
    '172.17.8.101\n80\n',
  );
}, 60_000);

test('a lab that is killed brings its units back, with one container and no orphan of the old one', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  const agent = await startAgent(testLab);
  const learner = (line: string) => testLab.shell(`export SSH_AUTH_SOCK=${agent}; ${line}`, { directory });
  await learner('bash vagrant-setup');
  // Asked every time: somebody else may have taken the port while the lab was away.
  const machine = async () => (await testLab.lab.status()).machines[0]!;
  const fleetctl = async (args: string) =>
    learner(`fleetctl --tunnel 127.0.0.1:${(await machine()).sshPort} --strict-host-key-checking=false ${args}`);
  expect((await fleetctl('start ../coreos-reflector/reflector.service')).status).toBe(0);
  const answer = async () => {
    try {
      const { sshPort, identityFile } = await machine();
      return await browse(sshPort, identityFile);
    } catch (error) {
      return String(error);
    }
  };
  await expect.poll(answer).toContain('loud and clear');
  /** Whatever runs in the machine: the unit's programs, and the container. */
  const inMachine = async () =>
    (await marked(testLab.marker)).filter(({ command }) => !/lab\.mjs|pty-host\.mjs|ssh-agent|vagrant/.test(command));
  const before = await inMachine();
  expect(before.length).toBeGreaterThan(0);

  process.kill((await marked(testLab.marker)).find(({ command }) => command.includes('lab.mjs'))!.pid, 'SIGKILL');
  await expect.poll(() => testLab.exits).toEqual([expect.stringContaining('by SIGKILL. It is started again')]);
  await expect.poll(answer, { timeout: 25_000 }).toContain('loud and clear');
  expect((await fleetctl('list-units')).stdout).toMatch(/reflector\.service\t+[0-9a-f]{8}\.\.\.\/172\.17\.8\.101\tactive\trunning/);
  expect((await learner(`vagrant ssh -c 'docker ps -q'`)).stdout).toMatch(/^[0-9a-f]{12}\n$/);
  const after = await inMachine();
  const commands = (processes: { command: string }[]) =>
    processes.map(({ command }) => command.replaceAll(/\b[0-9a-f]{12,64}\b/g, 'ID')).sort();
  expect(commands(after)).toEqual(commands(before));
  expect(after.filter(({ pid }) => before.some((old) => old.pid === pid))).toEqual([]);
}, 90_000);

/** Asks for http://172.17.8.101/ through the SSH tunnel, as the preview does. */
async function browse(port: number, identityFile: string): Promise<string> {
  const client = new ssh2.Client();
  client.connect({ host: '127.0.0.1', port, username: 'core', privateKey: await readFile(identityFile) });
  try {
    await once(client, 'ready');
    const stream = await new Promise<Duplex>((resolve, reject) =>
      client.forwardOut('127.0.0.1', 0, '172.17.8.101', 80, (error, channel) => (error ? reject(error) : resolve(channel))),
    );
    const asked = request({
      host: '172.17.8.101',
      path: '/',
      headers: { host: '172.17.8.101', accept: 'text/html' },
      createConnection: () => stream as never,
    });
    asked.end();
    const [answer] = await once(asked, 'response');
    let text = '';
    for await (const chunk of answer.setEncoding('utf8')) text += chunk;
    return text;
  } finally {
    client.on('error', () => {});
    client.end();
  }
}
