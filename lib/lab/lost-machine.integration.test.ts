import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { marked, prepareProject, startAgent, startTestLab } from './test-lab.ts';

/** Real fleet's own setting, so that the test need not wait for the usual half minute. */
const agentTtl = 5;

test('a machine that loses its power, or is suspended, loses its units once its beats are missed, and runs none twice', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab, 3);
  const agent = await startAgent(testLab);
  const learner = (line: string) => testLab.shell(`export SSH_AUTH_SOCK=${agent}; ${line}`, { directory });
  await learner(`sed -i.bak 's/num_instances=1/num_instances=3/' config.rb`);
  const userData = await readFile(join(directory, 'user-data'), 'utf8');
  await writeFile(join(directory, 'user-data'), userData.replace(/( +)public-ip: .*/, `$&\n$1agent-ttl: ${agentTtl}s`));
  for (const name of ['a', 'b', 'c']) {
    await writeFile(join(directory, `${name}.service`), `[Service]\nExecStart=/bin/sleep 86${name.charCodeAt(0)}\n`);
  }
  const setup = await learner('bash vagrant-setup');
  expect(setup.status, setup.stderr).toBe(0);
  const fleetctl = async (args: string) => {
    // Asked every time: somebody else may have taken the port while the lab was away.
    const { sshPort } = (await testLab.lab.status()).machines[0]!;
    return (await learner(`fleetctl --tunnel 127.0.0.1:${sshPort} --strict-host-key-checking=false ${args}`)).stdout;
  };
  /** `a.service 172.17.8.101 active` */
  const listUnits = async () =>
    (await fleetctl('list-units --no-legend --full --fields=unit,machine,active'))
      .replace(/[0-9a-f]{32}\//g, '')
      .replaceAll(/\t+/g, ' ')
      .trim()
      .split('\n');
  const countMachines = async () => (await fleetctl('list-machines --no-legend')).trim().split('\n').length;
  const running = async () =>
    (await marked(testLab.marker)).map(({ command }) => command).filter((command) => /^\/bin\/sleep 86\d\d/.test(command));
  await expect.poll(countMachines).toBe(3);
  await fleetctl('start a.service b.service c.service');
  await expect.poll(listUnits).toEqual([expect.stringMatching(/ active$/), expect.anything(), expect.anything()]);
  const before = await listUnits();
  expect(before.map((unit) => unit.split(' ')[1]).sort()).toEqual(['172.17.8.101', '172.17.8.102', '172.17.8.103']);
  const [lost] = before.find((unit) => unit.includes('172.17.8.102'))!.split(' ');

  // Nobody is told, so the cluster goes on as before until the beats have been missing for long enough.
  const cut = performance.now();
  expect(await learner('vagrant halt --force core-02')).toEqual({
    status: 0,
    stderr: '',
    stdout: '==> core-02: Forcing shutdown of VM...\n',
  });
  expect(await running()).toHaveLength(2);
  await expect.poll(async () => (await listUnits()).find((unit) => unit.startsWith(lost!)), { timeout: 30_000 }).toMatch(/10[13] active$/);
  // Its last beat may have been half that time before.
  expect(performance.now() - cut).toBeGreaterThan((agentTtl * 1000) / 2);
  expect(await countMachines()).toBe(2);
  expect(await running()).toHaveLength(3);

  await learner('vagrant up core-02');
  await expect.poll(countMachines).toBe(3);
  const settled = (await listUnits()).sort();
  expect(settled).toHaveLength(3);
  expect(settled.join()).not.toContain('172.17.8.102');
  expect(await running()).toHaveLength(3);

  // Away for so long that no machine is signed in any more: still everything comes back where it was.
  await testLab.restart(agentTtl * 1000 + 500);
  await expect.poll(async () => (await listUnits()).sort(), { timeout: 20_000 }).toEqual(settled);
  expect(await running()).toHaveLength(3);

  // A machine that stands still is lost as well; what it held goes on elsewhere, and ends in it as soon as it wakes.
  expect((await learner('vagrant suspend core-03')).status).toBe(0);
  await expect.poll(async () => (await listUnits()).join(), { timeout: 30_000 }).not.toContain('172.17.8.103');
  await expect.poll(listUnits).toHaveLength(3);
  expect((await learner('vagrant resume core-03')).status).toBe(0);
  await expect.poll(countMachines).toBe(3);
  await expect.poll(async () => (await running()).length).toBe(3);
  expect((await listUnits()).join()).not.toContain('172.17.8.103');
}, 180_000);
