import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { prepareMachine } from './machine-files.ts';
import type { MachineRecord } from './machine-records.ts';

const record: MachineRecord = {
  name: 'core-01',
  id: 'a'.repeat(32),
  machineId: 'b'.repeat(32),
  number: 1,
  directory: '/home/me/coreos-vagrant',
  channel: 'stable',
  state: 'poweroff',
  sshPort: 2222,
  dockerPort: null,
  provisioned: false,
  cluster: null,
};

test('a machine has its own identity, and its run directory is the learner’s alone', async () => {
  const { machine } = await prepared();
  const read = (path: string) => readFile(machine.resolve(path), 'utf8');
  expect(await read('/etc/environment')).toBe('COREOS_PRIVATE_IPV4=172.17.8.101\nCOREOS_PUBLIC_IPV4=172.17.8.101\n');
  expect(await read('/etc/os-release')).toContain('VERSION_ID=494.4.0\n');
  expect(await read('/etc/machine-id')).toBe(`${'b'.repeat(32)}\n`);
  expect((await stat(machine.run)).mode & 0o777).toBe(0o700);
});

test('paths inside the machine lead to its own files, to the lab’s tools, or to the computer', async () => {
  const { machine, tools } = await prepared();
  expect(machine.resolve('/usr/bin/docker')).toBe(join(tools, 'docker'));
  expect(machine.resolve('/bin/sh')).toBe('/bin/sh');
  expect(machine.resolve('/home/core/a/../b')).toBe(join(machine.directory, 'home/core/b'));
  expect(machine.resolve('/home/core/../../etc/passwd')).toBe('/etc/passwd');
  expect(machine.resolve('/home/corey')).toBe('/home/corey');
  expect(machine.resolve(machine.resolve('/home/core/x'))).toBe(join(machine.directory, 'home/core/x'));
  expect(machine.resolve('/opt/here')).toBe('/opt/here');
  await mkdir(join(machine.directory, 'opt'));
  await writeFile(join(machine.directory, 'opt/here'), '');
  expect(machine.resolve('/opt/here')).toBe(join(machine.directory, 'opt/here'));
  expect(machine.resolve('/var')).toBe('/var');
});

test('the environment inside a machine carries the mark and nothing of the app’s own', async () => {
  process.env.COREOS_TEST_SECRET = 'secret';
  onTestFinished(() => void delete process.env.COREOS_TEST_SECRET);
  const { machine } = await prepared();
  expect(machine.environment).toMatchObject({ USER: 'core', COREOS_MACHINE: machine.run, COREOS_REFLECTOR_MARK: 'mark' });
  expect(JSON.stringify(machine.environment)).not.toContain('secret');
});

async function prepared() {
  const directory = await mkdtemp(join(tmpdir(), 'machine-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const places = { machines: join(directory, 'machines'), run: join(directory, 'run'), tools: join(directory, 'tools'), marker: 'mark' };
  return { machine: await prepareMachine(record, places), tools: places.tools };
}
