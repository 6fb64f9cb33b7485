import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { machineTool, writeTools } from './tools.ts';

test('a tool runs its bundle with every argument, from a folder with an awkward name', async () => {
  const directory = await mkdtemp(join(tmpdir(), "o'tools $HOME-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const programs = join(directory, 'programs');
  await mkdir(programs);
  await writeFile(join(programs, 'vagrant.cjs'), 'console.log(JSON.stringify(process.argv.slice(2)))');
  const folders = await writeTools(directory, programs);
  await writeTools(directory, programs);
  const output = execFileSync(join(folders.learner, 'vagrant'), ['up', 'a b', '', '$x'], {
    encoding: 'utf8',
    env: {} as NodeJS.ProcessEnv,
  });
  expect(JSON.parse(output)).toEqual(['up', 'a b', '', '$x']);
});

test('a machine’s tools are known under the paths that unit files name', () => {
  expect(machineTool('/usr/bin/docker')).toBe('docker');
  expect(machineTool('/bin/hostname')).toBe('hostname');
  expect(machineTool('/bin/sh')).toBeNull();
  expect(machineTool('/home/core/docker')).toBeNull();
  expect(machineTool('docker')).toBeNull();
});
