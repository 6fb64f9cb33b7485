// A screen that was drawn anew for a latecomer against one that saw everything, with real full-screen programs.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import headless, { type Terminal as Emulator, type IBuffer } from '@xterm/headless';
import { expect, inject, onTestFinished, test } from 'vitest';
import { atPrompt, openTestTerminal, until, untilText } from './shell-fixture.ts';
import type { Terminal } from './terminal.ts';

const programs = inject('programs');

/** A page: an emulator that shows and acknowledges what it gets, and whose answers go nowhere. */
async function watch(terminal: Terminal, offset: number | null, emulator = makeEmulator(terminal)) {
  const answers: string[] = [];
  let received: number | null = null;
  let acknowledging = true;
  emulator.onData((text) => answers.push(text));
  const viewer = terminal.attach(
    {
      offset,
      gap: (_from, to) => viewer.ack(to),
      send(from, bytes) {
        if (received !== null && from < received) throw new Error(`Byte ${received} was due and ${from} came.`);
        received = from + bytes.length;
        emulator.write(bytes, () => acknowledging && viewer.ack(from + bytes.length));
      },
    },
    await terminal.screen(offset),
  );
  const settled = () => expect.poll(() => received ?? viewer.offset).toBe(terminal.log.end);
  return {
    emulator,
    answers,
    viewer,
    acknowledge(yes: boolean) {
      acknowledging = yes;
      if (yes && received !== null) viewer.ack(received);
    },
    /** What it shows once everything has come. */
    async screen() {
      await settled();
      await new Promise<void>((resolve) => emulator.write('', resolve));
      return describe(emulator);
    },
  };
}

function makeEmulator(terminal: Terminal): Emulator {
  const emulator = new headless.Terminal({ ...terminal.state().size, scrollback: 1000, logLevel: 'off', allowProposedApi: true });
  onTestFinished(() => emulator.dispose());
  // In order with the output, as the page does it.
  terminal.onState(({ size }) => emulator.write('', () => emulator.resize(size.cols, size.rows)));
  return emulator;
}

function describe(emulator: Emulator) {
  const { active, normal } = emulator.buffer;
  // The emulator has no public word for these, and a learner sees them.
  const core = (emulator as unknown as { _core: Core })._core;
  const { scrollTop, scrollBottom } = core._inputHandler._activeBuffer;
  return {
    type: active.type,
    cursor: [active.cursorX, active.cursorY],
    modes: emulator.modes,
    hidden: core.coreService.isCursorHidden,
    mouse: core.coreMouseService.activeEncoding,
    region: [scrollTop, scrollBottom],
    screen: cells(active, active.baseY),
    below: cells(normal, normal.baseY),
  };
}

interface Core {
  coreService: { isCursorHidden: boolean };
  coreMouseService: { activeEncoding: string };
  _inputHandler: { _activeBuffer: { scrollTop: number; scrollBottom: number } };
}

/** Text and looks of each line of a screen. */
function cells(buffer: IBuffer, from: number): string[] {
  return Array.from({ length: buffer.length - from }, (_, y) => {
    const line = buffer.getLine(from + y);
    return Array.from({ length: line?.length ?? 0 }, (_, x) => {
      const cell = line!.getCell(x)!;
      const look = [cell.getFgColorMode(), cell.getFgColor(), cell.getBgColorMode(), cell.getBgColor(), cell.isBold(), cell.isInverse()];
      const shown = cell.getChars() || ' ';
      return cell.isAttributeDefault() ? shown : `${shown}{${look.join()}}`;
    }).join('');
  });
}

const fullScreen: [name: string, command: string, drawn: RegExp, quit: string, type: 'alternate' | 'normal'][] = [
  ['vi', 'vi -u NONE -c "set mouse=a number hlsearch" -c "/line 7" text', /"text" 200/, ':q!\r', 'alternate'],
  ['less', 'less -R +30 colours', /line 31/, 'q', 'alternate'],
  ['top', 'top -d 3600', /PID[\s\S]*\x1b\[/, 'q', 'normal'],
];

test.each(fullScreen)('whoever looks at %s late sees what those see who saw it start', async (_name, command, drawn, quit, type) => {
  const { terminal, run, home } = await openTestTerminal(programs);
  writeTexts(home);
  const early = await watch(terminal, 0);
  await run('for i in 1 2 3; do printf "\\e[4%dmbefore %d\\e[K\\e[0m\\n" $i $i; done; seq 60');
  terminal.write(`${command}\r`);
  await untilText(terminal, drawn);
  terminal.resize({ cols: 100, rows: 30 });
  await quiet(terminal);
  const late = await watch(terminal, null);
  expect((await late.screen()).type).toBe(type);
  expect(await late.screen()).toEqual(await early.screen());
  // It goes on alike, and so does what lies below.
  terminal.write('j');
  await quiet(terminal);
  expect(await late.screen()).toEqual(await early.screen());
  const from = terminal.log.end;
  terminal.write(quit);
  await atPrompt(terminal);
  terminal.write('echo "done $((1 + 1))"\r');
  await untilText(terminal, /done 2/, from);
  await quiet(terminal);
  expect((await late.screen()).type).toBe('normal');
  expect(await late.screen()).toEqual(await early.screen());
  expect(late.answers).toEqual([]);
});

test('a full-screen program whose start the log has forgotten is drawn all the same', async () => {
  const { terminal, home } = await openTestTerminal(programs);
  writeTexts(home);
  const early = await watch(terminal, 0);
  const rounds = drawings(home, 1500);
  writeFileSync(
    join(home, 'drawings'),
    `\x1b[?1049h\x1b[?1h\x1b[?25l\x1b[?1002h\x1b[?1006h\x1b[?2004h${rounds}\x1b[5;20r\x1b[6;9H\x1b[31mred`,
  );
  terminal.write('cat drawings -\r');
  await printed(terminal, 'red');
  expect(terminal.log.start).toBeGreaterThan(100_000);
  const [late, lost] = [await watch(terminal, null), await watch(terminal, 5)];
  const screen = await early.screen();
  expect(screen).toMatchObject({
    type: 'alternate',
    hidden: true,
    mouse: 'SGR',
    region: [4, 19],
    modes: { applicationCursorKeysMode: true },
  });
  for (const each of [late, lost]) expect({ ...(await each.screen()), below: [] }).toEqual({ ...screen, below: [] });
  terminal.write('typed on');
  await quiet(terminal);
  expect((await late.screen()).screen).toEqual((await early.screen()).screen);
});

test('a viewer that fell behind a full-screen program gets its screen instead of the rest of it', async () => {
  const { terminal, home } = await openTestTerminal(programs);
  writeTexts(home);
  const early = await watch(terminal, 0);
  const slow = await watch(terminal, 0);
  early.viewer.drive(true);
  slow.acknowledge(false);
  writeFileSync(join(home, 'drawings'), `\x1b[?1049h${drawings(home, 2500)}the end`);
  terminal.write('cat drawings -\r');
  await printed(terminal, 'the end');
  slow.acknowledge(true);
  expect({ ...(await slow.screen()), below: [] }).toEqual({ ...(await early.screen()), below: [] });
});

test('a question that a program asked before somebody came is not asked again', async () => {
  const { terminal, home } = await openTestTerminal(programs);
  writeFileSync(join(home, 'program'), "printf '\\e[?1049h\\e[6n\\e[c\\e[>c\\e]10;?\\a'; echo asked; read -r x");
  terminal.write('bash program\r');
  await untilText(terminal, /asked\r\n/);
  const late = await watch(terminal, null);
  expect((await late.screen()).type).toBe('alternate');
  expect(late.answers).toEqual([]);
});

function writeTexts(home: string): void {
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index + 1} ${'wörter 字 '.repeat(index % 9)}`);
  writeFileSync(join(home, 'text'), `${lines.join('\n')}\n`);
  const colours = lines.map(
    (line, index) => `\x1b[3${index % 8};4${(index + 3) % 8}m${line}\x1b[0m \x1b[1;38;5;${index}mx\x1b[0;48;2;${index};9;9my\x1b[0m`,
  );
  writeFileSync(join(home, 'colours'), `${colours.join('\n')}\n`);
}

/** A program that draws its screen over and over: two kilobytes each. */
function drawings(home: string, rounds: number): string {
  const text = readFileSync(join(home, 'text'), 'utf8').slice(0, 1500).replaceAll('\n', ' ');
  return Array.from({ length: rounds }, (_, round) => `\x1b[H${text}\x1b[7;3H\x1b[1;33m round ${round} \x1b[0m`).join('');
}

/** Looks at the end only: there is more output than anybody would want to search again and again. */
function printed(terminal: Terminal, text: string): Promise<void> {
  const { log } = terminal;
  return until(terminal, () => log.slice(log.end - text.length, log.end).toString() === text, text);
}

/** Waits until nothing has been printed for a moment: only then can two screens be compared. */
async function quiet({ log }: Terminal): Promise<void> {
  let end = -1;
  while (end !== log.end) {
    end = log.end;
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}
