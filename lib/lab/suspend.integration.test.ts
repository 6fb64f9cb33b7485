import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { marked, prepareProject, startAgent, startTestLab } from './test-lab.ts';

const ticking = `[Service]\nExecStart=/bin/sh -c 'while :; do echo tick; sleep 0.1; done'\n`;

test('a suspended machine stands still, and goes on where it was; after a restart of the app it boots afresh', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  const agent = await startAgent(testLab);
  const learner = (line: string) => testLab.shell(`export SSH_AUTH_SOCK=${agent}; ${line}`, { directory });
  await writeFile(join(directory, 'tick.service'), ticking);
  const setup = await learner('bash vagrant-setup');
  expect(setup.status, setup.stderr).toBe(0);
  const { sshPort, etcdPort } = (await testLab.lab.status()).machines[0]!;
  // Its own mark tells this etcd from another one that may take the port meanwhile.
  const mark = async (port: number | null) => (await learner(`curl -sS -m 2 http://127.0.0.1:${port}/v2/keys/mark`)).stdout;
  await learner(`curl -sS http://127.0.0.1:${etcdPort}/v2/keys/mark -XPUT -d value=${testLab.marker}`);
  expect(await mark(etcdPort)).toContain(testLab.marker);
  const started = await learner(`fleetctl --tunnel 127.0.0.1:${sshPort} --strict-host-key-checking=false start tick.service`);
  expect(started.status, started.stderr).toBe(0);
  const made = await learner(`vagrant ssh -c 'docker run -d --name web -p 80:80 pandapup/coreos_reflector'`);
  expect(made.status, made.stderr).toBe(0);
  const pidsOf = async () => (await marked(testLab.marker)).filter(({ command }) => /echo tick|server\.js/.test(command));
  const inside = async () =>
    (await learner(`vagrant ssh -c 'systemctl show -p MainPID -p StateChangeTimestamp tick; docker ps -q'`)).stdout;
  const ticks = async () => (await readFile(await journalOf(testLab.workspace), 'utf8')).match(/"tick"/g)?.length ?? 0;
  await expect.poll(ticks).toBeGreaterThan(2);
  const before = await inside();
  const processes = await pidsOf();
  expect(processes.length).toBeGreaterThanOrEqual(2);

  expect(await learner('vagrant suspend')).toEqual({
    status: 0,
    stderr: '',
    stdout: '==> core-01: Saving VM state and suspending execution...\n',
  });
  expect(await learner('vagrant suspend')).toEqual({ status: 0, stderr: '', stdout: '' });
  expect((await learner('vagrant status')).stdout).toMatch(
    /^core-01 {19}saved \(virtualbox\)\n\nTo resume this VM, simply run `vagrant up`\.$/m,
  );
  expect(await learner('vagrant ssh -c true')).toMatchObject({ status: 1, stderr: expect.stringContaining('VM must be running') });
  expect(await mark(etcdPort)).not.toContain(testLab.marker);
  const states = await Promise.all(
    processes.map(async ({ pid, command }) => {
      const state = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/.*\) (\w).*/s, '$1');
      return `${state} ${command}`;
    }),
  );
  expect(states.filter((state) => !state.startsWith('T'))).toEqual([]);
  const frozen = await ticks();
  await setTimeout(500);
  expect(await ticks()).toBe(frozen);

  const resumed = await learner('vagrant resume');
  expect(resumed).toMatchObject({ status: 0, stderr: '' });
  expect(resumed.stdout).toMatch(
    /^==> core-01: Resuming suspended VM\.\.\.\n==> core-01: Booting VM\.\.\.\n(.*\n)*==> core-01: Machine booted and ready!\n/,
  );
  expect(resumed.stdout).not.toContain('afresh');
  await expect.poll(ticks).toBeGreaterThan(frozen);
  expect(await mark((await testLab.lab.status()).machines[0]!.etcdPort)).toContain(testLab.marker);
  expect(await inside()).toBe(before);
  expect((await pidsOf()).map(({ pid }) => pid)).toEqual(processes.map(({ pid }) => pid));

  await learner('vagrant suspend');
  await testLab.restart();
  expect((await testLab.lab.status()).machines).toMatchObject([{ state: 'saved', etcdPort: null }]);
  expect(await pidsOf()).toEqual([]);
  expect((await learner('vagrant up')).stdout).toContain('    core-01: it boots afresh, as after a power cut.');
  await expect.poll(ticks).toBeGreaterThan(frozen + 5);

  await learner('vagrant suspend');
  expect((await learner('vagrant halt')).stdout).toBe('==> core-01: Discarding saved state of VM...\n');
  expect(await pidsOf()).toEqual([]);
  expect((await learner('vagrant destroy -f')).stdout).toBe('==> core-01: Destroying VM and associated drives...\n');
}, 120_000);

async function journalOf(workspace: string): Promise<string> {
  const machines = join(workspace, 'lab', 'machines');
  const [machine] = await readdir(machines);
  const folder = join(machines, machine!, 'var/log/journal');
  return join(folder, (await readdir(folder)).sort().at(-1)!);
}
