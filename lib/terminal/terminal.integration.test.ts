import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { atPrompt, openTestTerminal, run as runIn, until, untilText } from './shell-fixture.ts';
import type { Terminal, TerminalEvent } from './terminal.ts';

const programs = inject('programs');

/** The newline that ends the last line of output and what readline adds before a command's own output are not the command's. */
const plain = (output: string) => output.replace(/\x1b\[\?2004[hl]\r?/g, '').replace(/\x1b\][^\x07]*\x07/g, '');

function shown(terminal: Terminal): string {
  return terminal.log.slice(0, terminal.log.end).toString();
}

function record(terminal: Terminal) {
  const events: TerminalEvent[] = [];
  terminal.onEvent((event) => event.kind !== 'output' && events.push(event));
  return events;
}

test('a command has its own output and exit status', async () => {
  const { run } = await openTestTerminal(programs);
  const outcome = await run('echo hello; exit_with() { return 7; }; exit_with');
  expect(outcome).toMatchObject({ status: 7, lost: null });
  expect(plain(outcome.output)).toBe('hello\r\n');
  expect(await run('true')).toMatchObject({ status: 0 });
  expect(await run('(exit 3)')).toMatchObject({ status: 3 });
  expect(await run('no-such-command-here')).toMatchObject({ status: 127 });
});

test('the learner sees a plain command as it was typed, and a block by its name and lines', async () => {
  const { terminal, run } = await openTestTerminal(programs);
  await run('echo one');
  const { output } = await run('echo two\necho three', 'numbers');
  expect(shown(terminal)).toMatch(/\$ (\x1b\[[^m]*m|\x1b\]133;B\x07|\x1b\[\?2004h)*echo one\r\n/);
  expect(shown(terminal)).toContain('step numbers\r\n');
  expect(shown(terminal)).toContain('  echo two\x1b[0m\r\n\x1b[2m  echo three\x1b[0m\r\n');
  expect(plain(output)).toBe('two\r\nthree\r\n');
});

test('a block stops at its first failing command with its status, and leaves the shell as it was', async () => {
  const { run } = await openTestTerminal(programs);
  const before = await run('set +o; trap -p; shopt');
  const failed = await run('cd /usr\nkept=yes\n(exit 5)\necho not reached');
  expect(failed.status).toBe(5);
  expect(failed.output).not.toContain('not reached');
  expect(plain((await run('echo "$PWD $kept"')).output)).toBe('/usr yes\r\n');
  expect(await run('false; true')).toMatchObject({ status: 0 });
  expect(plain((await run('set +o; trap -p; shopt')).output)).toBe(plain(before.output));
});

test.each([
  ['in a function', 'fail() {\n  false\n  echo not reached\n}\nfail\necho not reached', 1],
  ['in a subshell', '(\nexit 4\n)\necho not reached', 4],
  ['under its own set -e', 'set -e\nfalse\necho not reached', 1],
  ['under its own set -u with an unset variable', 'set -u\necho "$unset_variable"\necho not reached', 1],
  ['by impossible arithmetic', 'echo $((1 / 0))\necho not reached', 1],
  ['in a pipeline with pipefail', 'set -o pipefail\nfalse | cat\necho not reached', 1],
  ['by a syntax error', 'echo not reached\nif then\necho not reached', 2],
])('a block that fails %s stops there and the shell lives on', async (_where, block, status) => {
  const { run } = await openTestTerminal(programs);
  const before = await run('set +o; trap -p');
  const outcome = await run(block);
  expect(outcome.status).toBe(status);
  expect(outcome.output).not.toContain('not reached\r\n');
  expect(plain((await run('set +o; trap -p')).output)).toBe(plain(before.output));
  expect(await run('false; false; true')).toMatchObject({ status: 0 });
});

test('conditions in a block may fail without stopping it', async () => {
  const { run } = await openTestTerminal(programs);
  const { status, output } = await run('if false; then echo a; fi\nfalse || echo b\n! true || echo c\nwhile false; do :; done\necho end');
  expect([status, plain(output)]).toEqual([0, 'b\r\nc\r\nend\r\n']);
});

test('what a block declares, exports and changes stays in the shell', async () => {
  const { run } = await openTestTerminal(programs);
  await run('declare -a list=(one two)\nexport TOLD=yes\ngreet() { echo "hi $1"; }\nalias again="echo aliased"\ncd /etc');
  expect(plain((await run('echo "$list $(printenv TOLD) $(greet you) $PWD"')).output)).toBe('one yes hi you /etc\r\n');
  expect(plain((await run('again')).output)).toBe('aliased\r\n');
});

test("the learner's own ERR trap and options come back after a block", async () => {
  const { run } = await openTestTerminal(programs);
  await run("trap 'echo trapped' ERR; set -u");
  expect((await run('set +u\nfalse\ntrue')).status).toBe(1);
  expect((await run('false')).output).toContain('trapped');
  expect((await run('echo $-')).output).toMatch(/u/);
});

test('read in a block gets what the learner types, never the next line of the block', async () => {
  const { terminal, run } = await openTestTerminal(programs);
  const outcome = run('read -r -p "name? " name\necho "<$name>"');
  await untilText(terminal, /\nname\? /);
  terminal.write('Ada\r');
  expect((await outcome).output).toContain('<Ada>');
});

test('a block of ten kilobytes arrives whole', async () => {
  const { run } = await openTestTerminal(programs);
  const lines = Array.from({ length: 150 }, (_, index) => `echo "line ${index} ${'x'.repeat(60)}"`);
  const { output } = await run(lines.join('\n'));
  expect(plain(output).trimEnd().split('\r\n')).toEqual(lines.map((line) => line.slice(6, -1)));
});

test('a program that prints marks changes nothing', async () => {
  const { terminal, run } = await openTestTerminal(programs);
  const events = record(terminal);
  const forged = 'printf "\\033]633;0123456789abcdef;P;99;0;1;/\\007\\033]133;D;0\\007"; false';
  const { status, output } = await run(forged);
  expect(status).toBe(1);
  expect(output).toContain('\x1b]633;0123456789abcdef;P;99;0;1;/\x07');
  expect(events.map((event) => event.kind)).toEqual(['start', 'prompt', 'ready']);
});

test('the nonce is neither in the environment of a program, nor in its files, nor in the output', async () => {
  const { terminal, run, base } = await openTestTerminal(programs);
  const nonce = /633;([0-9a-f]{32})/.exec((await run('set')).output)?.[1];
  expect(nonce).toBeTruthy();
  expect((await run('env; bash -c set')).output).not.toContain(nonce);
  expect((await run('set -a\nX=1\nset +a\nenv')).output).not.toContain(nonce);
  expect((await run(`grep -r ${nonce?.slice(0, 20)} ${base}; echo`)).output).not.toContain(`${nonce};`);
  expect(existsSync(join(base, 'run/terminal-shell/rc'))).toBe(false);
  expect(statSync(join(base, 'run/terminal-shell')).mode & 0o777).toBe(0o700);
  for (const file of readdirSync(join(base, 'run/terminal-shell/steps'))) {
    expect(statSync(join(base, 'run/terminal-shell/steps', file)).mode & 0o777).toBe(0o600);
  }
  expect(shown(terminal).match(/633;[0-9a-f]{32};[PBC]/g)).toBeNull();
});

test('typed commands are reported with their text, status and directory', async () => {
  const { terminal } = await openTestTerminal(programs);
  const events = record(terminal);
  terminal.write('cd /usr && echo "a; b"\r');
  await until(terminal, () => events.at(-1)?.kind === 'ready', 'the next prompt');
  expect(events).toMatchObject([
    { kind: 'input' },
    { kind: 'start', command: 'cd /usr && echo "a; b"' },
    { kind: 'prompt', ran: true, status: 0 },
    { kind: 'ready' },
  ]);
  expect(terminal.directory()).toBe('/usr');
  expect(terminal.state()).toMatchObject({ directory: '/usr', status: 'prompt' });
});

test('a command over several lines counts as one and is busy until it is complete', async () => {
  const { terminal } = await openTestTerminal(programs);
  const events = record(terminal);
  terminal.write('for i in 1 2; do\r');
  await untilText(terminal, /do\r\n[^>]*> $/);
  expect(terminal.state().status).toBe('busy');
  expect(events.filter((event) => event.kind === 'start')).toEqual([]);
  terminal.write('echo "<$i>"; done\r');
  await atPrompt(terminal);
  expect(events.filter((event) => event.kind === 'start')).toHaveLength(1);
  expect(shown(terminal)).toContain('<1>\r\n<2>\r\n');
});

test('the prompt shows the directory with ~ for HOME', async () => {
  const { terminal, home, run } = await openTestTerminal(programs);
  await mkdir(join(home, 'coreos-vagrant'));
  await run('cd coreos-vagrant');
  expect(shown(terminal)).toContain('~/coreos-vagrant\x1b[0m $ ');
  expect(terminal.state().directory).toBe('~/coreos-vagrant');
});

test.each([
  ['replaces PS1 and PROMPT_COMMAND', 'PS1="mine> "\nPROMPT_COMMAND="true;"'],
  ['sets PS1 before every prompt', 'set_prompt() { PS1="mine> "; }\nPROMPT_COMMAND=set_prompt'],
  ['has PROMPT_COMMAND as an array', 'PROMPT_COMMAND=("true" "false")'],
  ['has a DEBUG trap and strict options', 'trap ": debug" DEBUG\nset -u\nshopt -s extglob'],
  ['ignores commands in its history', 'HISTCONTROL=ignoreboth\nHISTSIZE=2'],
  ['keeps no history', 'set +o history'],
  ['traces', 'set -x'],
  ['uses vi keys', 'set -o vi'],
])('a shell whose ~/.bashrc %s tells the truth', async (_what, bashrc) => {
  const { run } = await openTestTerminal(programs, { bashrc });
  expect(await run('false')).toMatchObject({ status: 1, lost: null });
  expect(await run('false')).toMatchObject({ status: 1, lost: null });
  expect(await run('echo x\n(exit 9)\necho y')).toMatchObject({ status: 9, lost: null });
  expect(await run(' true')).toMatchObject({ status: 0, lost: null });
});

test('a bash without PS0 notices the start of a command by its DEBUG trap', async () => {
  const { terminal, run } = await openTestTerminal(programs, { startHook: 'debug-trap', bashrc: 'PROMPT_COMMAND="true; false"' });
  const events = record(terminal);
  expect(await run('(exit 3)')).toMatchObject({ status: 3, lost: null });
  expect(await run('echo x | false')).toMatchObject({ status: 1, lost: null });
  expect(await run('echo x\n(exit 9)\necho y')).toMatchObject({ status: 9, lost: null });
  terminal.write('\r');
  await atPrompt(terminal);
  expect(await run('for i in 1 2; do echo "$i"; done')).toMatchObject({ status: 0, lost: null });
  expect(events.filter((event) => event.kind === 'start')).toHaveLength(4);
});

test('a prompt that the learner replaces by hand keeps the marks', async () => {
  const { run } = await openTestTerminal(programs);
  await run("PS1='\\u:$(false) > '");
  expect(await run('(exit 6)')).toMatchObject({ status: 6 });
  await run('PROMPT_COMMAND=');
  expect(await run('true')).toMatchObject({ status: 0 });
  expect(await run('(exit 8)')).toMatchObject({ status: 8 });
});

test('half-typed text is put aside for a run and given back after it', async () => {
  const { terminal, run } = await openTestTerminal(programs);
  terminal.write('echo half ');
  await untilText(terminal, /echo half /);
  const { output } = await run('echo whole');
  expect(plain(output)).toBe('whole\r\n');
  terminal.write('typed\r');
  await untilText(terminal, /[\n\x07]half typed\r\n/);
});

test('nothing is given back where nothing was typed', async () => {
  const { terminal, run } = await openTestTerminal(programs);
  terminal.write('echo old\x15');
  terminal.write('\r');
  await atPrompt(terminal);
  await run('echo one');
  const events = record(terminal);
  terminal.write('\r');
  await until(terminal, () => events.some((event) => event.kind === 'prompt'), 'a new prompt');
  expect(events.filter((event) => event.kind === 'start')).toEqual([]);
});

test('a command that the learner typed in the same moment is not mistaken for the run', async () => {
  const { terminal } = await openTestTerminal(programs);
  const outcome = runIn(terminal, 'echo mine; (exit 3)');
  // As typed ahead: these keys arrive behind the run.
  terminal.write('echo theirs\r');
  expect(await outcome).toMatchObject({ status: 3, lost: null });
  await untilText(terminal, /[\n\x07]theirs\r\n/);
});

test('a run behind a command that was typed ahead waits for it', async () => {
  const { terminal } = await openTestTerminal(programs);
  terminal.write('sleep 0.1\r');
  terminal.write('sleep 0.3; echo ahead\r');
  const events = record(terminal);
  const outcome = await new Promise((resolve) => {
    const off = terminal.onEvent((event) => {
      if (event.kind !== 'ready') return;
      off();
      resolve(runIn(terminal, 'echo mine; (exit 3)'));
    });
  });
  expect(outcome).toMatchObject({ status: 3, lost: null });
  expect(events.filter((event) => event.kind === 'start').map(({ command }) => command)).toEqual([
    'sleep 0.1',

    'sleep 0.3; echo ahead',
    'echo mine; (exit 3)',
  ]);
});

test('the prompt does not count from Enter until the shell has answered', async () => {
  const { terminal } = await openTestTerminal(programs);
  terminal.write('read -r x\r');
  expect(terminal.state().status).toBe('busy');
  await untilText(terminal, /read -r x\r\n/);
  expect(() => terminal.execute({ name: 'x', text: 'true' }, {} as never)).toThrow('not at a prompt');
  terminal.write('typed\r');
  await atPrompt(terminal);
  terminal.write('\r');
  await atPrompt(terminal);
});

test('an incomplete command is taken back and reported', async () => {
  const { terminal, run } = await openTestTerminal(programs);
  expect((await run('echo "never closed')).lost).toContain('not complete');
  await atPrompt(terminal);
  expect(await run('true')).toMatchObject({ status: 0 });
});

test('a command that bash cannot parse is reported with its status', async () => {
  const { run } = await openTestTerminal(programs);
  expect(await run('fi')).toMatchObject({ status: 2, lost: expect.stringContaining('did not accept') });
});

test('Ctrl-C ends the program, or the block with what follows in it', async () => {
  const { terminal, run } = await openTestTerminal(programs);
  // The program itself says when it runs: between two commands, bash may let a Ctrl-C pass.
  for (const command of [
    'bash -c "echo go; exec sleep 100"; echo not reached',
    'bash -c "echo go; exec sleep 100"\necho not reached',
    'read -r -p "$(printf "go\\n ")" x\necho not reached',
    'set -e\nbash -c "echo go; exec sleep 100"',
  ]) {
    const from = terminal.log.end;
    const outcome = run(command);
    await untilText(terminal, /[\n\x07]go\r\n/, from);
    terminal.interrupt();
    const { status, output } = await outcome;
    expect(status).toBe(130);
    expect(output).not.toContain('not reached\r\n');
  }
  expect(plain((await run('trap -p ERR; false; echo still')).output)).toBe('still\r\n');
});

test('Ctrl-C reaches a program that leaves a megabyte of input unread', async () => {
  const { terminal, run } = await openTestTerminal(programs);
  const outcome = run('stty -echo; bash -c "echo go; exec sleep 100"; stty echo');
  await untilText(terminal, /[\n\x07]go\r\n/);
  for (let sent = 0; sent < 1_000_000; sent += 50_000) terminal.write(`${'x'.repeat(49_999)}\n`);
  terminal.interrupt();
  terminal.signal('SIGINT');
  expect((await outcome).status).toBe(130);
});

test('Ctrl-C ends a flood within half a second while somebody watches', async () => {
  const { terminal, run } = await openTestTerminal(programs);
  let received = 0;
  const viewer = terminal.attach({
    offset: null,
    gap: (_from, to) => setImmediate(() => viewer.ack(to)),
    send(offset, bytes) {
      received += bytes.length;
      setImmediate(() => viewer.ack(offset + bytes.length));
    },
  });
  const outcome = run('bash -c "exec yes a line of the flood"');
  await until(terminal, () => received > 4_000_000, 'four megabytes');
  const began = performance.now();
  terminal.write('\x03');
  expect((await outcome).status).toBe(130);
  expect(performance.now() - began).toBeLessThan(500);
});

test('a signal reaches what runs in the foreground and never the shell', async () => {
  const { terminal, run } = await openTestTerminal(programs);
  const outcome = run('bash -c "echo go; exec sleep 100"');
  await untilText(terminal, /[\n\x07]go\r\n/);
  terminal.signal('SIGKILL');
  expect((await outcome).status).toBe(137);
  terminal.signal('SIGKILL');
  expect(await run('echo alive')).toMatchObject({ status: 0 });
});

test('a shell that ends says so, and a new one starts in its directory', async () => {
  const { terminal, run } = await openTestTerminal(programs);
  await run('cd /usr');
  const { lost } = await run('exit 4');
  expect(lost).toBe('The shell ended (exit status 4).');
  expect(terminal.state().status).toBe('exited');
  expect(() => terminal.execute({ name: 'x', text: 'true' }, {} as never)).toThrow('not at a prompt');
  await terminal.restart();
  await atPrompt(terminal);
  expect(plain((await run('pwd')).output)).toBe('/usr\r\n');
});

test('a viewer that leaves and comes back with its offset has the same bytes', async () => {
  const { terminal, run } = await openTestTerminal(programs);
  const parts: Buffer[] = [];
  const watch = (offset: number) => {
    let at = offset;
    const viewer = terminal.attach({
      offset,
      gap: () => parts.push(Buffer.from('gap')),
      send(from, bytes) {
        expect(from).toBe(at);
        parts.push(bytes);
        at += bytes.length;
        setImmediate(() => viewer.ack(at));
      },
    });
    return { close: viewer.close, at: () => at };
  };
  const first = watch(0);
  const running = run('seq 1 20000');
  await untilText(terminal, /\n5000\r\n/);
  first.close();
  await running;
  const second = watch(first.at());
  await run('echo done');
  while (second.at() < terminal.log.end) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(Buffer.concat(parts).equals(terminal.log.slice(0, terminal.log.end))).toBe(true);
});

test('closing a terminal ends its shell and removes its files', async () => {
  const { terminal, base, run } = await openTestTerminal(programs);
  const pid = Number(/\n?(\d+)\r\n/.exec(plain((await run('echo $$')).output))?.[1]);
  await terminal.close();
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(existsSync(join(base, 'run/terminal-shell'))).toBe(false);
});
