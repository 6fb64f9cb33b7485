import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type MachineRecord, openMachineRecords } from './machine-records.ts';

const record: MachineRecord = {
  name: 'core-01',
  id: 'a'.repeat(32),
  machineId: 'b'.repeat(32),
  number: 1,
  directory: '/home/me/coreos-vagrant',
  channel: 'stable',
  state: 'running',
  sshPort: 2222,
  dockerPort: null,
  provisioned: true,
  cluster: 'c'.repeat(32),
};

test('records are there again after a restart, by name, and gone when removed', async () => {
  const { path } = await place();
  const records = await openMachineRecords(path, fail);
  await Promise.all([
    records.save({ ...record, name: 'core-02', number: 2 }),
    records.save(record),
    records.save({ ...record, state: 'poweroff' }),
  ]);
  const again = await openMachineRecords(path, fail);
  expect(again.all().map(({ name, state }) => [name, state])).toEqual([
    ['core-01', 'poweroff'],
    ['core-02', 'running'],
  ]);
  await again.remove('core-01');
  expect((await openMachineRecords(path, fail)).find('core-01')).toBeUndefined();
});

test.each([
  '',
  '{',
  'null',
  '{"version":2,"machines":[]}',
  '\0\0\0\0',
  JSON.stringify({ version: 1, machines: [{ ...record, name: '../x' }] }),
])('a damaged list (%j) is set aside and said, and the lab starts without machines', async (text) => {
  const { path, directory } = await place();
  await writeFile(path, text);
  const said: string[] = [];
  const records = await openMachineRecords(path, (sentence) => said.push(sentence));
  expect(records.all()).toEqual([]);
  expect(said.join()).toMatch(/could not be read.*corrupt-\d+/);
  expect((await readdir(directory)).some((name) => name.startsWith('machines.json.corrupt-'))).toBe(true);
});

async function place() {
  const directory = await mkdtemp(join(tmpdir(), 'records-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return { directory, path: join(directory, 'machines.json') };
}

function fail(text: string): never {
  throw new Error(text);
}
