import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { marked, prepareProject, startAgent, startTestLab } from './test-lab.ts';

const template = '[Service]\nExecStart=/bin/sleep 86400\n\n[X-Fleet]\nConflicts=web@*.service\n';
const roaming = '[Service]\nExecStart=/bin/sleep 86400\n';
const addresses = ['172.17.8.101', '172.17.8.102', '172.17.8.103'];

test('a cluster of three: units spread, a lost machine’s unit moves, and everything is back after a restart', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab, 3);
  const agent = await startAgent(testLab);
  const learner = (line: string) => testLab.shell(`export SSH_AUTH_SOCK=${agent}; ${line}`, { directory });
  await learner(`sed -i.bak 's/num_instances=1/num_instances=3/' config.rb`);
  await writeFile(join(directory, 'web@.service'), template);
  for (const name of ['a', 'b', 'c']) await writeFile(join(directory, `roaming-${name}.service`), roaming);

  const setup = await learner('bash vagrant-setup');
  expect(setup.status, setup.stderr).toBe(0);
  const up = setup.stdout.match(/^==> core-0\d: (?:Machine booted and ready!|Fixed port collision .*)$/gm);
  expect(up?.filter((line) => line.includes('ready'))).toHaveLength(3);
  const { machines } = await testLab.lab.status();
  expect(machines.map(({ name, state, address }) => ({ name, state, address }))).toEqual(
    addresses.map((address, index) => ({ name: `core-0${index + 1}`, state: 'running', address })),
  );
  expect(new Set(machines.map(({ sshPort }) => sshPort)).size).toBe(3);
  for (const { name, sshPort } of machines.slice(1)) {
    expect(setup.stdout).toContain(`==> ${name}: Fixed port collision for 22 => 2222. Now on port ${sshPort}.\n`);
  }

  const fleetctl = async (args: string) => {
    // Asked every time: somebody else may have taken the port while the lab was away.
    const { sshPort } = (await testLab.lab.status()).machines[0]!;
    return learner(`fleetctl --tunnel 127.0.0.1:${sshPort} --strict-host-key-checking=false ${args}`);
  };
  const lines = async (args: string) => (await fleetctl(args)).stdout.trimEnd().split('\n');
  const listMachines = () => lines('list-machines --no-legend --full --fields=machine,ip');
  /** `web@1.service 172.17.8.101 active` */
  const listUnits = async () =>
    (await lines('list-units --no-legend --full --fields=unit,machine,active')).map((line) =>
      line.replace(/[0-9a-f]{32}\//, '').replaceAll(/\t+/g, ' '),
    );
  const addressesOf = (units: string[], name: string) => units.filter((unit) => unit.startsWith(name)).map((unit) => unit.split(' ')[1]!);
  await expect.poll(async () => (await listMachines()).map((line) => line.split(/\t+/)[1]).sort()).toEqual(addresses);

  const started = await fleetctl('start roaming-a.service roaming-b.service roaming-c.service web@1.service web@2.service web@3.service');
  expect(started.status, started.stderr).toBe(0);
  await expect.poll(async () => (await listUnits()).filter((unit) => unit.endsWith(' active'))).toHaveLength(6);
  const before = await listUnits();
  expect(addressesOf(before, 'web@').sort()).toEqual(addresses);
  expect(addressesOf(before, 'roaming-').sort()).toEqual(addresses);

  // From the first machine the others are reached at their virtual addresses, each with a machine's own hostname.
  for (const line of await listMachines()) {
    const [id, address] = line.split(/\t+/);
    expect(await fleetctl(`ssh ${id} hostname`)).toMatchObject({ status: 0, stdout: `core-0${address!.at(-1)}\n` });
  }

  const etcdctl = async (words: string) => (await learner(`vagrant ssh core-03 -c 'etcdctl ${words}'`)).stdout;
  expect((await etcdctl('member list')).match(/^[0-9a-f]+: name=core-0\d peerURLs=http:\/\/172\.17\.8\.10\d:7001 /gm)).toHaveLength(3);
  expect(await etcdctl('cluster-health')).toMatch(/^(member \S+ is healthy: got healthy result from \S+\n){3}cluster is healthy\n$/);

  const [web, wanderer] = ['web@', 'roaming-'].map(
    (name) => before.find((unit) => unit.startsWith(name) && unit.includes('.102'))!.split(' ')[0]!,
  );
  expect((await learner('vagrant halt core-02')).status).toBe(0);
  await expect
    .poll(async () => (await listUnits()).find((unit) => unit.startsWith(wanderer!)), { timeout: 30_000 })
    .toMatch(/172\.17\.8\.10[13] active$/);
  expect((await listMachines()).length).toBe(2);
  // Its rivals are on both machines that are left, so it has to wait.
  expect((await listUnits()).filter((unit) => unit.startsWith(web!))).toEqual([]);

  expect(await etcdctl('cluster-health')).toMatch(/ are all unreachable\n(.*\n)*cluster is degraded\n$/);

  expect((await learner('vagrant up core-02')).stdout).toContain('==> core-02: Machine booted and ready!');
  await expect.poll(listUnits).toContain(`${web} 172.17.8.102 active`);
  expect((await listMachines()).length).toBe(3);

  const settled = (await listUnits()).sort();
  await testLab.restart();
  const again = (await testLab.lab.status()).machines;
  expect(again.map(({ name, state }) => [name, state])).toEqual(machines.map(({ name }) => [name, 'running']));
  expect(new Set(again.map(({ sshPort }) => sshPort)).size).toBe(3);
  await expect.poll(async () => (await listUnits()).sort(), { timeout: 20_000 }).toEqual(settled);
  expect((await listMachines()).length).toBe(3);

  const destroyed = await learner('vagrant destroy -f');
  expect(destroyed.stdout.match(/core-0\d(?=: Destroying)/g)).toEqual(['core-03', 'core-02', 'core-01']);
  expect((await testLab.lab.status()).machines).toEqual([]);
  expect((await marked(testLab.marker)).filter(({ command }) => !/lab\.mjs|pty-host\.mjs|ssh-agent/.test(command))).toEqual([]);
}, 120_000);
