import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findRunning, openWorkspace, WorkspaceBusy, workspaceToken } from './workspace.ts';

test('a workspace has one owner at a time, who says how to reach it', async () => {
  const directory = temporary();
  const first = await openWorkspace(directory);
  onTestFinished(() => first.close());
  expect(await findRunning(directory)).toBeUndefined();
  first.announce({ pid: 42, url: 'http://localhost:1/?token=x', environment: {} });
  await expect(openWorkspace(directory)).rejects.toThrow(WorkspaceBusy);
  await expect(openWorkspace(directory)).rejects.toThrow(`Another instance is using ${directory} (process 42)`);
  expect(await findRunning(directory)).toMatchObject({ pid: 42 });
});

test('a closed workspace is free again and leaves no sockets behind', async () => {
  const directory = temporary();
  const first = await openWorkspace(directory);
  first.announce({ pid: 1, url: '', environment: {} });
  first.close();
  expect(() => statSync(first.run)).toThrow('ENOENT');
  const second = await openWorkspace(directory);
  second.close();
  expect(second.run).toBe(first.run);
});

test('the announcement of an owner that died is not believed', async () => {
  const directory = temporary();
  const first = await openWorkspace(directory);
  first.announce({ pid: 1, url: '', environment: {} });
  first.close();
  writeFileSync(join(directory, 'state', 'running.json'), JSON.stringify({ pid: 1, url: '', environment: {} }));
  expect(await findRunning(directory)).toBeUndefined();
});

test('the token stays the same, and a damaged one is replaced', async () => {
  const state = temporary();
  const token = workspaceToken(state);
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  expect(workspaceToken(state)).toBe(token);
  writeFileSync(join(state, 'token'), 'half');
  expect(workspaceToken(state)).toMatch(/^[0-9a-f]{64}$/);
  expect(statSync(join(state, 'token')).mode & 0o777).toBe(0o600);
});

test('a folder that is a link, or that cannot be written to, is refused with a sentence', async () => {
  const parent = temporary();
  mkdirSync(join(parent, 'real'));
  symlinkSync(join(parent, 'real'), join(parent, 'link'));
  await expect(openWorkspace(join(parent, 'link'))).rejects.toThrow(/is not a folder of this user's own: .*--workspace DIR/);
  writeFileSync(join(parent, 'file'), '');
  await expect(openWorkspace(join(parent, 'file', 'below'))).rejects.toThrow(
    /cannot be made \(ENOTDIR\): choose another one with --workspace DIR/,
  );
});

test('a folder with lax permissions becomes private', async () => {
  const directory = temporary();
  chmodSync(directory, 0o755);
  (await openWorkspace(directory)).close();
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'workspace-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
