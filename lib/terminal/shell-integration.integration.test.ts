// What a learner does to the shell: whatever it is, each command ends with the truth, and the terminal comes back.
import { execFileSync } from 'node:child_process';
import { expect, inject, test } from 'vitest';
import { atPrompt, openTestTerminal, until, untilText } from './shell-fixture.ts';
import type { Terminal, TerminalEvent } from './terminal.ts';

const programs = inject('programs');
const shown = ({ log }: Terminal) => log.slice(0, log.end).toString();
/** Nothing but the command's own output. */
const plain = (output: string) => output.replace(/\x1b\[\?2004[hl]\r?/g, '').replace(/\x1b\][^\x07]*\x07/g, '');

test.each([
  ['PS1 and PROMPT_COMMAND', "PS1='mine> ' PROMPT_COMMAND="],
  ['PS1, PS0 and PROMPT_COMMAND', "PS0= PS1='mine> ' PROMPT_COMMAND=true"],
  ['PS1 and PROMPT_COMMAND in a block that fails', "PS1='mine> '\nPROMPT_COMMAND=\nfalse"],
  ['everything at once', "unset PROMPT_COMMAND PS0; PS1='$ ' PS2='. '"],
])('replacing %s costs a moment and no truth', async (_what, command) => {
  const { run, terminal } = await openTestTerminal(programs);
  expect(await run(command)).toMatchObject({ status: command.endsWith('false') ? 1 : 0, lost: null });
  expect(await run('(exit 7)')).toMatchObject({ status: 7, lost: null });
  expect(await run('echo a\n(exit 8)\necho b')).toMatchObject({ status: 8, lost: null });
  await run('export LATER=yes; PROMPT_COMMAND=');
  await until(terminal, () => execFileSync('cat', [terminal.environmentFile]).includes('LATER="yes"'), 'the environment for the checks');
});

test.each([
  ['PROMPT_COMMAND', 'PROMPT_COMMAND='],
  ['PS0', 'PS0=; PROMPT_COMMAND='],
])('after %s alone was replaced the next command is already known', async (_what, command) => {
  const { run, terminal } = await openTestTerminal(programs);
  const starts: TerminalEvent[] = [];
  await run(command);
  expect(await run('(exit 6)')).toMatchObject({ status: 6, lost: null });
  terminal.onEvent((event) => event.kind === 'start' && starts.push(event));
  expect(await run('(exit 5)')).toMatchObject({ status: 5, lost: null });
  expect(starts).toHaveLength(1);
});

test('a typed line stays while the shell gets its marks back', async () => {
  const { terminal } = await openTestTerminal(programs);
  terminal.write("PS1='mine> ' PROMPT_COMMAND=\r");
  await untilText(terminal, /mine> /);
  terminal.write('echo "half $((1 + 1))"');
  await atPrompt(terminal);
  terminal.write(' && echo whole\r');
  await untilText(terminal, /half 2\r\nwhole\r\n/);
});

test('a program that waits for a line or a key is not taken for a prompt', async () => {
  const { terminal, run } = await openTestTerminal(programs);
  for (const [command, answer] of [
    ['read -r x; echo "<$x>"', 'typed\r'],
    ['read -rsn 5 x; echo "<$x>"', 'typed'],
    ['read -er x; echo "<$x>"', 'typed\r'],
    ['bash -c \'read -er x; echo "<$x>"\'', 'typed\r'],
  ] as const) {
    const outcome = run(command);
    await until(terminal, () => terminal.state().status === 'busy', 'the command');
    await new Promise((resolve) => setTimeout(resolve, 3500)); // longer than the terminal waits for a sign of its shell
    expect(terminal.state().status).toBe('busy');
    terminal.write(answer);
    expect(plain((await outcome).output)).toMatch(/<typed>\r\n$/);
  }
});

test.each(['exec bash', 'exec bash --norc', 'cd /usr\nexport KEPT=yes\nexec bash'])(
  'after `%s` nobody knows how it ends, and the terminal goes on',
  async (command) => {
    const { run, terminal } = await openTestTerminal(programs);
    expect(await run(command)).toMatchObject({ status: null, lost: expect.stringContaining('The shell has become another bash') });
    expect(await run('(exit 7)')).toMatchObject({ status: 7, lost: null });
    expect(await run('echo "$KEPT" "$PWD"\n(exit 3)\n:')).toMatchObject({ status: 3, lost: null });
    if (command.includes('/usr'))
      expect([terminal.directory(), shown(terminal)]).toEqual(['/usr', expect.stringContaining('yes /usr\r\n')]);
    expect(await run('exec bash')).toMatchObject({ status: null, lost: expect.stringContaining('another bash') });
    expect(await run('true')).toMatchObject({ status: 0, lost: null });
  },
);

test('a program that took the place of the shell is named, and when it ends a new shell can be had', async () => {
  const { run, terminal } = await openTestTerminal(programs);
  const outcome = run('exec cat');
  await until(terminal, () => terminal.state().status === 'busy', 'the program');
  expect(await Promise.race([outcome, loss(terminal)])).toContain('The shell has become `cat`');
  expect(terminal.state().status).toBe('busy');
  terminal.write('echoed by cat\r');
  await untilText(terminal, /echoed by cat\r\nechoed by cat/);
  terminal.write('\x04');
  await until(terminal, () => terminal.state().status === 'exited', 'its end');
  await terminal.restart();
  await atPrompt(terminal);
  expect(await run('true')).toMatchObject({ status: 0 });
});

test('a killed shell comes back in its directory with what was exported', async () => {
  const { run, terminal } = await openTestTerminal(programs);
  await run('cd /usr; export TOLD="two words" PATH="$PATH:/opt/mine"; unset LANG; secret=local');
  expect(await run('kill -9 $$')).toMatchObject({ status: null, lost: 'The shell ended (SIGKILL).' });
  await terminal.restart();
  await atPrompt(terminal);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: bash's, not ours
  const { output } = await run('echo "$PWD|$TOLD|${PATH##*:}|${LANG-no language}|$secret"');
  expect(plain(output)).toBe('/usr|two words|/opt/mine|no language|\r\n');
  await run('exit');
  await terminal.restart();
  await atPrompt(terminal);
  expect(plain((await run('echo "$TOLD"')).output)).toBe('two words\r\n');
});

test('with `set -e` what succeeds goes on, and what fails ends the shell with its status', async () => {
  const { run, terminal } = await openTestTerminal(programs);
  expect(await run('set -eu')).toMatchObject({ status: 0 });
  expect(await run('true')).toMatchObject({ status: 0 });
  expect(await run('echo a\necho b')).toMatchObject({ status: 0 });
  terminal.write('\r');
  await atPrompt(terminal);
  expect(await run('(exit 9)')).toMatchObject({ lost: 'The shell ended (exit status 9).' });
  expect(terminal.state().status).toBe('exited');
});

test('a suspended command is said to wait, and `fg` brings it back', async () => {
  const { run, terminal } = await openTestTerminal(programs);
  for (const command of ['cat; true', 'echo go\ncat\necho not reached']) {
    const outcome = run(command);
    await reads(terminal, 'cat');
    terminal.write('\x1a');
    expect(await outcome).toMatchObject({ suspended: true, lost: null });
    terminal.write('fg\r');
    await reads(terminal, 'cat');
    terminal.write('back\r');
    await untilText(terminal, /back\r\nback\r\n/);
    terminal.write('\x04');
    await atPrompt(terminal);
  }
  expect(await run('(exit 148)')).toMatchObject({ status: 148, suspended: false });
});

test('a background job ends nothing and is not waited for', async () => {
  const { run, terminal } = await openTestTerminal(programs);
  expect(await run('sleep 100 &')).toMatchObject({ status: 0, suspended: false });
  expect(await run('(sleep 0.2; echo from behind) & (exit 4)')).toMatchObject({ status: 4 });
  await untilText(terminal, /from behind\r\n/);
  expect(await run('kill %1; wait')).toMatchObject({ lost: null });
});

test('a nested shell is one command until it ends, whatever runs in it', async () => {
  const { run, terminal } = await openTestTerminal(programs);
  const outcome = run('bash --norc');
  await untilText(terminal, /bash-\S+ /);
  terminal.write('PS1="inner> "\r');
  await untilText(terminal, /h(inner> )/);
  terminal.write('echo "in $((1 + 1))"; false\r');
  await untilText(terminal, /in 2\r\n/);
  await new Promise((resolve) => setTimeout(resolve, 3500)); // longer than the terminal waits for a sign of its shell
  expect(terminal.state().status).toBe('busy');
  terminal.write('exit 5\r');
  expect(await outcome).toMatchObject({ status: 5, lost: null });
});

test('a full-screen program is one command, and its status is told', async () => {
  const { run, terminal } = await openTestTerminal(programs);
  const outcome = run('seq 1000 | less +500; (exit 3)');
  await untilText(terminal, /\x1b\[\?1049h[\s\S]*\n510/);
  const from = terminal.log.end;
  terminal.resize({ cols: 100, rows: 30 });
  await untilText(terminal, /\n528/, from);
  terminal.write('q');
  expect(await outcome).toMatchObject({ status: 3, lost: null });
});

function loss(terminal: Terminal): Promise<string> {
  return new Promise((resolve) => terminal.onEvent((event) => event.kind === 'unknown' && resolve(event.reason)));
}

/** Waits until the program waits for keys: from then on it gets them. */
async function reads(terminal: Terminal, program: string): Promise<void> {
  const readers = () => execFileSync('ps', ['-eo', 'comm=,stat='], { encoding: 'utf8' }).split('\n');
  await expect.poll(() => readers().some((line) => line.startsWith(`${program} `) && line.endsWith('S+'))).toBe(true);
  expect(terminal.state().status).toBe('busy');
}
