import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import type { Step, TerminalName } from '#lib/shared/chapter.ts';
import { isEnded, type Run } from '#lib/shared/run.ts';
import { openTestTerminal, untilText } from '#lib/terminal/shell-fixture.ts';
import { createRunner } from './runner.ts';

const programs = inject('programs');
/** Says so when it is in the foreground: between two commands, bash may let a Ctrl-C pass. */
const sleeper = 'bash -c "echo go; exec sleep 100"';

function step(id: string, command: string, more: Partial<Step> = {}): Step {
  return {
    id,
    title: id,
    command,
    terminal: 'shell',
    timeout: null,
    question: null,
    until: null,
    undo: null,
    requires: [],
    expect: null,
    check: null,
    ...more,
  };
}

async function openRunner(steps: Step[], variables: Record<string, string> = {}, now?: () => number) {
  const opened = await openTestTerminal(programs);
  const journal = steps.some(({ terminal }) => terminal === 'journal') ? await openTestTerminal(programs, { name: 'journal' }) : opened;
  const history: Run[] = [];
  const waiting = new Set<() => void>();
  const runner = createRunner({
    terminal: async (name) => (name === 'journal' ? journal : opened).terminal,
    findStep: async (_chapter, id) => steps.find((candidate) => candidate.id === id) ?? null,
    variables: async () => variables,
    ...(now && { now }),
    onRun(run) {
      history.push(run);
      for (const check of waiting) check();
    },
  });
  onTestFinished(() => runner.close());
  const find = (id: string) => runner.list().find((run) => run.id === id) as Run;

  async function start(id: string, key: string = randomUUID(), terminal?: TerminalName): Promise<string> {
    const result = await runner.start({ chapter: 'c', step: id, key, ...(terminal && { terminal }) });
    if (!result.ok) throw new Error(result.reason);
    return result.value.run;
  }
  function when(id: string, condition: (run: Run) => boolean): Promise<Run> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition(find(id))) return;
        waiting.delete(check);
        resolve(find(id));
      };
      waiting.add(check);
      check();
    });
  }
  const ended = (id: string) => when(id, isEnded);
  const output = (run: Run) =>
    'to' in run && run.to !== undefined ? opened.terminal.log.slice(run.from as number, run.to).toString() : '';
  return { ...opened, journal: journal.terminal, runner, history, start, when, ended, output };
}

test('a step runs in the shell and its run tells start, output and success', async () => {
  const { start, ended, history, output } = await openRunner([step('hello', 'cd /usr; echo "in $PWD"')]);
  const run = await ended(await start('hello'));
  expect(run).toMatchObject({ chapter: 'c', step: 'hello', terminal: 'shell', status: 'succeeded' });
  expect(output(run)).toContain('in /usr\r\n');
  expect(history.map(({ status }) => status)).toEqual(['queued', 'running', 'succeeded']);
});

test('a block that fails ends as failed with the status of its first failing command', async () => {
  const { start, ended, output } = await openRunner([step('two', 'echo one\n(exit 42)\necho two'), step('after', 'echo fine')]);
  const run = await ended(await start('two'));
  expect(run).toMatchObject({ status: 'failed', exitStatus: 42, reason: 'It ended with exit status 42.' });
  expect(output(run)).toMatch(/^one\r\n/);
  expect(output(run)).not.toContain('two');
  expect(await ended(await start('after'))).toMatchObject({ status: 'succeeded' });
});

test('one click is one run, however often it arrives', async () => {
  const { start, ended, runner, terminal } = await openRunner([step('count', 'echo counted')]);
  const ids = await Promise.all(Array.from({ length: 5 }, () => start('count', 'one-click')));
  expect(new Set(ids).size).toBe(1);
  await ended(ids[0] as string);
  expect(await start('count', 'one-click')).toBe(ids[0]);
  expect(runner.list()).toHaveLength(1);
  expect(
    terminal.log
      .slice(0, terminal.log.end)
      .toString()
      .match(/\x07counted\r\n/g),
  ).toHaveLength(1);
  expect(await start('count', 'another-click')).not.toBe(ids[0]);
});

test('a step that waits for a busy terminal moves to another one when the learner asks for that, and runs once', async () => {
  const steps = [step('slow', sleeper), step('next', 'echo moved'), step('follow', 'true', { terminal: 'journal' })];
  const { start, ended, runner, terminal, journal, when } = await openRunner(steps);
  const slow = await start('slow');
  await untilText(terminal, /\x07go\r\n/);
  const queued = await start('next');
  expect(await start('next', randomUUID(), 'shell')).toBe(queued);
  const moved = await start('next', randomUUID(), 'journal');
  expect(await ended(queued)).toMatchObject({ status: 'cancelled', terminal: 'shell' });
  expect(await ended(moved)).toMatchObject({ status: 'succeeded', terminal: 'journal' });
  expect(journal.log.slice(0, journal.log.end).toString()).toContain('\x07moved\r\n');
  // What runs already stays where it is.
  expect(await start('slow', randomUUID(), 'journal')).toBe(slow);
  runner.stop(slow);
  await when(slow, ({ status }) => status === 'cancelled');
  expect(terminal.log.slice(0, terminal.log.end).toString()).not.toContain('moved');
});

test('a step that is queued or running is not started again by another click', async () => {
  const { start, ended, runner, terminal } = await openRunner([step('slow', sleeper), step('next', 'true')]);
  const [slow, again] = await Promise.all([start('slow'), start('slow')]);
  expect(again).toBe(slow);
  const next = await start('next');
  expect(await start('next')).toBe(next);
  expect(runner.list()).toHaveLength(2);
  await untilText(terminal, /\x07go\r\n/);
  runner.stop(slow as string);
  await ended(next);
});

test('runs of one terminal wait for each other, and a queued one can be taken back', async () => {
  const { start, ended, runner, history, terminal } = await openRunner([
    step('first', sleeper),
    step('second', 'echo second'),
    step('third', 'echo third'),
  ]);
  const [first, second, third] = [await start('first'), await start('second'), await start('third')];
  await untilText(terminal, /\x07go\r\n/);
  expect(runner.list().map(({ status }) => status)).toEqual(['running', 'queued', 'queued']);
  runner.stop(second);
  expect(runner.list()[1]).toMatchObject({ status: 'cancelled' });
  runner.stop(first);
  expect(await ended(first)).toMatchObject({ status: 'cancelled', from: expect.any(Number) });
  expect(await ended(third)).toMatchObject({ status: 'succeeded' });
  expect(history.filter((run) => run.id === second).map(({ status }) => status)).toEqual(['queued', 'cancelled']);
});

test('a step runs in the terminal that it names and nowhere else, however busy another one is', async () => {
  const { start, ended, runner, terminal, journal } = await openRunner([
    step('slow', sleeper),
    step('follow', 'echo "only here $((1 + 1))"', { terminal: 'journal' }),
  ]);
  const slow = await start('slow');
  await untilText(terminal, /\x07go\r\n/);
  expect(await ended(await start('follow'))).toMatchObject({ status: 'succeeded', terminal: 'journal' });
  expect(journal.log.slice(0, journal.log.end).toString()).toContain('only here 2');
  expect(terminal.log.slice(0, terminal.log.end).toString()).not.toContain('only here');
  runner.stop(slow);
  await ended(slow);
});

test('a run waits for the command that the learner has typed', async () => {
  const { start, ended, terminal, when } = await openRunner([step('mine', 'echo mine')]);
  terminal.write('read -r x\r');
  await untilText(terminal, /read -r x\r\n/);
  const id = await start('mine');
  await when(id, ({ status }) => status === 'queued');
  terminal.write('typed\r');
  expect(await ended(id)).toMatchObject({ status: 'succeeded' });
});

test('a program that ignores Ctrl-C and TERM is killed, and the shell lives on', async () => {
  const { start, ended, runner, terminal } = await openRunner([
    step('stubborn', `bash -c 'trap "" INT TERM; echo go; while :; do sleep 1; done'`),
    step('after', 'echo "still $$"'),
  ]);
  const id = await start('stubborn');
  await untilText(terminal, /\x07go\r\n/);
  runner.stop(id);
  expect(await ended(id)).toMatchObject({ status: 'cancelled' });
  expect(await ended(await start('after'))).toMatchObject({ status: 'succeeded' });
});

test('what the shell itself does and nothing can stop ends as unknown, and the next run waits for the shell', async () => {
  const { start, ended, runner, terminal, home } = await openRunner([
    step('loop', "trap '' INT; echo go; until [ -e ~/enough ]; do :; done"),
    step('after', 'echo after'),
  ]);
  const id = await start('loop');
  await untilText(terminal, /\x07go\r\n/);
  const after = await start('after');
  runner.stop(id);
  expect(await ended(id)).toMatchObject({
    status: 'interrupted',
    reason: expect.stringMatching(/^It could not be stopped: .* not known\.$/),
  });
  expect(terminal.state().status).toBe('busy');
  await writeFile(join(home, 'enough'), '');
  expect(await ended(after)).toMatchObject({ status: 'succeeded' });
});

test('a run that is suspended is interrupted and says how it goes on', async () => {
  const { start, ended, terminal } = await openRunner([step('cat', 'bash -c "echo go; exec cat"')]);
  const id = await start('cat');
  await untilText(terminal, /\x07go\r\n/);
  terminal.write('\x1a');
  expect(await ended(id)).toMatchObject({ status: 'interrupted', reason: expect.stringContaining('`fg` lets it go on') });
  terminal.write('kill %1\r');
});

test('a run that takes too long is stopped and fails with the reason', async () => {
  const { start, ended } = await openRunner([step('slow', sleeper, { timeout: 1 })]);
  expect(await ended(await start('slow'))).toMatchObject({
    status: 'failed',
    exitStatus: null,
    reason: expect.stringMatching(/^It ran out of time and was stopped after [12] seconds?\.$/),
  });
});

test('a clock that jumps ends no run and bends no duration', async () => {
  let jump = 0;
  const { start, ended, terminal } = await openRunner([step('slow', 'read -r -p go x', { timeout: 3600 })], {}, () => Date.now() + jump);
  const day = 24 * 3600 * 1000;
  for (const jumps of [
    [day, -day],
    [-day, day / 24],
  ]) {
    const from = terminal.log.end;
    const id = await start('slow');
    await untilText(terminal, /x\r\n[\s\S]*go$/, from);
    for (jump of jumps) await new Promise((resolve) => setTimeout(resolve, 50));
    terminal.write('\r');
    const run = await ended(id);
    expect(run).toMatchObject({ status: 'succeeded' });
    expect('duration' in run && run.duration).toBeGreaterThanOrEqual(100);
    expect('duration' in run && run.duration).toBeLessThan(60_000);
  }
});

test('a question is shown while it waits and the button types its answer', async () => {
  const question = { text: 'Are you sure (yes/no)?', answer: 'yes' };
  const ask = 'printf "Are you "; sleep 0.05; read -r -p "sure (yes/no)? " reply; echo "<$reply>"; [ "$reply" = yes ]';
  const { start, ended, when, runner, output } = await openRunner([
    step('ask', ask, { question }),
    step('block', `true\n${ask}`, { question }),
  ]);
  for (const id of ['ask', 'block']) {
    const run = await start(id);
    await when(run, (state) => state.status === 'running' && state.question !== null);
    runner.answer(run);
    runner.answer(run);
    expect(runner.list().find((state) => state.id === run)).toMatchObject({ question: null });
    const done = await ended(run);
    expect(done).toMatchObject({ status: 'succeeded' });
    expect(output(done)).toContain('<yes>');
  }
});

test('a question that the learner answers by hand is no longer shown', async () => {
  const { start, when, terminal, ended } = await openRunner([
    step('ask', 'read -r -p "ready? " x; bash -c "echo go; read -r y"', { question: { text: 'ready?', answer: 'yes' } }),
  ]);
  const id = await start('ask');
  await when(id, (run) => run.status === 'running' && run.question !== null);
  terminal.write('of course\r');
  expect(await when(id, (run) => run.status === 'running' && run.question === null)).toMatchObject({ status: 'running' });
  await untilText(terminal, /\ngo\r\n/);
  terminal.write('\r');
  await ended(id);
});

test('a step that follows something succeeds when it is stopped after its proof was seen', async () => {
  const follow = `bash -c 'echo starting; printf "The server "; sleep 0.05; echo "is online"; exec sleep 100'`;
  const { start, when, ended, runner, terminal } = await openRunner([step('follow', follow, { until: 'The server is online' })]);
  const id = await start('follow');
  expect(await when(id, (run) => run.status === 'running' && run.reached)).toMatchObject({ status: 'running' });
  runner.stop(id);
  expect(await ended(id)).toMatchObject({ status: 'succeeded' });
  const again = await start('follow');
  await when(again, (run) => run.status === 'running' && run.reached);
  terminal.write('\x03');
  expect(await ended(again)).toMatchObject({ status: 'succeeded' });
});

test('the text of a step does not prove it', async () => {
  const { start, ended, history } = await openRunner([
    step('block', '# The server is online\nfalse', { until: 'The server is online' }),
    step('line', ': The server is online; false', { until: 'The server is online' }),
  ]);
  for (const id of ['block', 'line']) expect(await ended(await start(id))).toMatchObject({ status: 'failed', exitStatus: 1 });
  expect(history.some((run) => run.status === 'running' && run.reached)).toBe(false);
});

test('variables reach the command as one word', async () => {
  const value = `it's "two" words; $(touch pwned) {{x}}`;
  const { start, ended, output, home } = await openRunner([step('say', 'printf "<%s>\\n" {{thing}} end')], { thing: value });
  expect(output(await ended(await start('say')))).toContain(`<${value}>\r\n<end>\r\n`);
  expect(existsSync(join(home, 'pwned'))).toBe(false);
});

test('a click that cannot become a run says why', async () => {
  const { runner } = await openRunner([step('needs', 'echo {{token}}')]);
  expect(await runner.start({ chapter: 'c', step: 'gone', key: '1' })).toEqual({
    ok: false,
    reason: 'There is no step "gone" in the chapter "c". Reload the page.',
  });
  expect(await runner.start({ chapter: 'c', step: 'needs', key: '2' })).toMatchObject({
    ok: false,
    reason: expect.stringContaining('{{token}}'),
  });
  expect(runner.list()).toEqual([]);
});

test('a shell that dies interrupts its run and what waits, and the next click has a new shell in the same directory', async () => {
  const { start, ended, terminal } = await openRunner([
    step('die', 'cd /usr\nbash -c "echo go; read -r x"\nexit 3'),
    step('queued', 'true'),
    step('where', 'pwd'),
  ]);
  const [die, queued] = [await start('die'), await start('queued')];
  await untilText(terminal, /\ngo\r\n/);
  terminal.write('\r');
  expect(await ended(die)).toMatchObject({ status: 'interrupted', reason: 'The shell ended (exit status 3).' });
  expect(await ended(queued)).toMatchObject({ status: 'interrupted', reason: expect.stringContaining('was not started') });
  expect(await ended(await start('where'))).toMatchObject({ status: 'succeeded' });
});

test('closing interrupts what is under way', async () => {
  const { start, runner, terminal } = await openRunner([step('slow', sleeper), step('next', 'true')]);
  await start('slow');
  await start('next');
  await untilText(terminal, /\x07go\r\n/);
  runner.close();
  expect(runner.list().map(({ status }) => status)).toEqual(['interrupted', 'interrupted']);
});
