import { appendFileSync } from 'node:fs';
import { expect, inject, test } from 'vitest';
import type { Step } from '#lib/shared/chapter.ts';
import { openTestTerminal, untilText } from '#lib/terminal/shell-fixture.ts';
import { openActivity } from './activity.ts';
import { createChecker } from './checker.ts';

const programs = inject('programs');

function checked(command: string): Step {
  const check = { command, hint: 'Look again.' };
  return {
    id: 's',
    title: '',
    command: '',
    terminal: 'shell',
    timeout: null,
    question: null,
    until: null,
    undo: null,
    requires: [],
    expect: null,
    check,
  };
}

async function openChecker() {
  const opened = await openTestTerminal(programs);
  const checker = createChecker({
    host: opened.host,
    bash: '/bin/bash',
    environment: { PATH: process.env.PATH ?? '' },
    variables: async () => ({ ssh_port: '2222', odd: "it's $HOME" }),
  });
  return { ...opened, check: (command: string) => checker.check(checked(command), opened.terminal) };
}

test("a check sees the directory and the exports of the learner's shell", async () => {
  const { run, check } = await openChecker();
  await run("cd /usr; export FROM_SHELL='two  words'; not_exported=1");
  expect(await check('echo "$PWD $FROM_SHELL $not_exported."')).toEqual({
    step: 's',
    status: 'passed',
    hint: null,
    output: '/usr two  words .\n',
  });
});

test('variables are filled into a check, each as one word', async () => {
  const { check } = await openChecker();
  expect(await check('printf "%s|" {{ssh_port}} {{odd}}')).toMatchObject({ status: 'passed', output: "2222|it's $HOME|" });
  expect(await check('true {{nobody}}')).toMatchObject({ status: 'failed', hint: expect.stringContaining('{{nobody}}') });
});

test('a check that fails gives its hint and leaves no trace in the terminal', async () => {
  const { terminal, check } = await openChecker();
  const before = terminal.log.end;
  expect(await check('echo why; grep -q x /dev/null')).toEqual({ step: 's', status: 'failed', hint: 'Look again.', output: 'why\n' });
  expect(await check('exit 3')).toMatchObject({ status: 'failed' });
  expect(terminal.log.end).toBe(before);
});

test('a check runs while the terminal is busy', async () => {
  const { terminal, check } = await openChecker();
  terminal.write('bash -c "echo go; exec sleep 100"\r');
  await untilText(terminal, /\x07go\r\n/);
  expect(await check('true')).toMatchObject({ status: 'passed' });
});

test('a check that does not end fails after ten seconds', async () => {
  const { check } = await openChecker();
  expect(await check('trap "" TERM INT HUP; while :; do sleep 1; done')).toMatchObject({
    status: 'failed',
    hint: 'The check took longer than 10 seconds. Look again.',
  });
});

test('the activity log has the commands of a terminal, and survives a torn line', async () => {
  const { terminal, base, run } = await openChecker();
  const file = `${base}/activity.jsonl`;
  const reports: (string | null)[] = [];
  const activity = openActivity({ file, failing: (text) => reports.push(text) });
  activity.watch(terminal);
  await run('cd /usr');
  await run('bash -c "exit 3"');
  appendFileSync(file, '{"kind":"comm');
  const again = openActivity({ file, failing: (text) => reports.push(text) });
  again.recordRun({ id: 'r', chapter: 'c', step: 's', terminal: 'shell', queuedAt: 1, status: 'queued' });
  again.recordRun({ id: 'r', chapter: 'c', step: 's', terminal: 'shell', queuedAt: 1, status: 'cancelled' });
  expect(again.entries()).toMatchObject([
    { kind: 'command', terminal: 'shell', command: 'cd /usr', exitStatus: 0, directory: expect.stringContaining('home') },
    { kind: 'command', command: 'bash -c "exit 3"', exitStatus: 3, directory: '/usr' },
    { kind: 'run', run: { status: 'cancelled' } },
  ]);
  expect(reports).toEqual([]);
});
