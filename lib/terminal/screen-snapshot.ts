/** Draws a terminal's screen anew for somebody who missed how it came about: an emulator reads the log, and its screen is written down. */
import headless, { type Terminal as Emulator, type IBuffer, type IBufferCell } from '@xterm/headless';
import type { TerminalSize } from '#lib/shared/protocol.ts';
import type { OutputLog } from './output-log.ts';
import { alternateScreens, type ModeTracker, writeModes } from './screen-modes.ts';

/** Stands in for the log up to `at`. */
export interface ScreenSnapshot {
  at: number;
  /** For a terminal of the same size; nothing in it asks for an answer. */
  bytes: Buffer;
}

/** What the pty measured from `offset` on. */
export interface SizeChange {
  offset: number;
  size: TerminalSize;
}

/** Lines above the screen, as far as the log reaches back. */
const scrollback = 1000;

/** @param sizes in order; the last one before what is left of the log counts from there */
export async function takeSnapshot(log: OutputLog, modes: ModeTracker, sizes: SizeChange[]): Promise<ScreenSnapshot> {
  const at = log.end;
  const start = log.start === 0 ? { offset: 0, modes: new Map<number, boolean>() } : modes.from(log.start);
  const first = sizes.findLast(({ offset }) => offset <= start.offset) ?? sizes[0]!;
  const emulator = new headless.Terminal({ ...first.size, scrollback, logLevel: 'off', allowProposedApi: true });
  try {
    const unseen = followUnseen(emulator);
    const parts: (Buffer | string | TerminalSize)[] = [writeModes(start.modes)];
    let from = start.offset;
    for (const { offset, size } of sizes.filter((change) => change.offset > start.offset && change.offset <= at)) {
      parts.push(log.slice(from, offset), size);
      from = offset;
    }
    parts.push(log.slice(from, at));
    for (const part of parts) {
      if (typeof part === 'object' && 'cols' in part) emulator.resize(part.cols, part.rows);
      else await new Promise<void>((resolve) => emulator.write(part, resolve));
    }
    return { at, bytes: Buffer.from(describeScreen(emulator, unseen)) };
  } finally {
    emulator.dispose();
  }
}

/** Programs reset their colours before so many changes. */
const longestPen = 20;

/** What the emulator does not tell of itself. */
interface Unseen {
  /** The alternate screen's mode by which it was entered. */
  screen: number;
  hiddenCursor: boolean;
  /** How the mouse is reported (1005, 1006, 1015, 1016). */
  mouseEncoding: number | null;
  /** First and last line that scroll, from 1; null: all. */
  region: [number, number] | null;
  /** What was said of colours and attributes since they were reset. */
  pen: string[];
  cursorStyle: string;
  /** Line drawing is on. */
  drawing: boolean;
}

const mouseEncodings = [1005, 1006, 1015, 1016];
const fresh = { screen: 1049, hiddenCursor: false, mouseEncoding: null, region: null, pen: [], cursorStyle: '', drawing: false };

function followUnseen(emulator: Emulator): Unseen {
  const unseen: Unseen = { ...fresh };
  const { parser } = emulator;
  const onModes = (on: boolean) => (numbers: (number | number[])[]) => {
    for (const mode of numbers.flat()) {
      if (mode === 25) unseen.hiddenCursor = !on;
      if (mouseEncodings.includes(mode)) unseen.mouseEncoding = on ? mode : null;
      if (on && alternateScreens.includes(mode)) unseen.screen = mode;
    }
    return false;
  };
  parser.registerCsiHandler({ prefix: '?', final: 'h' }, onModes(true));
  parser.registerCsiHandler({ prefix: '?', final: 'l' }, onModes(false));
  parser.registerCsiHandler({ final: 'r' }, ([top = 1, bottom = 0]) => {
    const [first, last] = [Number(top) || 1, Number(bottom) || emulator.rows];
    unseen.region = first > 1 || last < emulator.rows ? [first, Math.min(last, emulator.rows)] : null;
    return false;
  });
  parser.registerCsiHandler({ final: 'm' }, (numbers) => {
    const said = numbers.reduce<string>(
      (text, number, index) =>
        Array.isArray(number)
          ? `${text}:${number.map((part) => (part < 0 ? '' : part)).join(':')}`
          : `${text}${index > 0 ? ';' : ''}${number}`,
      '',
    );
    unseen.pen = numbers.length === 0 || numbers[0] === 0 ? [said] : [...unseen.pen, said].slice(-longestPen);
    return false;
  });
  parser.registerCsiHandler({ intermediates: ' ', final: 'q' }, ([style = 0]) => {
    unseen.cursorStyle = `\x1b[${style} q`;
    return false;
  });
  parser.registerCsiHandler({ intermediates: '!', final: 'p' }, () => {
    const { screen, mouseEncoding } = unseen;
    Object.assign(unseen, fresh, { screen, mouseEncoding });
    return false;
  });
  parser.registerEscHandler({ final: 'c' }, () => {
    Object.assign(unseen, fresh);
    return false;
  });
  for (const final of ['0', 'B'])
    parser.registerEscHandler({ intermediates: '(', final }, () => {
      unseen.drawing = final === '0';
      return false;
    });
  return unseen;
}

/** Everything that brings a terminal in any state, of the same size, to this one's. */
function describeScreen(emulator: Emulator, unseen: Unseen): string {
  const { buffer, modes, rows } = emulator;
  const { normal, alternate, active } = buffer;
  const parts = ['\x18\x1bc', drawLines(normal, 0, normal.length), moveTo(normal)];
  if (active === alternate) parts.push(`\x1b[?${unseen.screen}h\x1b[H`, drawLines(alternate, alternate.length - rows, alternate.length));
  if (unseen.region) parts.push(`\x1b[${unseen.region.join(';')}r`);
  if (modes.originMode) parts.push('\x1b[?6h');
  parts.push(moveTo(active, modes.originMode ? (unseen.region?.[0] ?? 1) - 1 : 0));
  const on: [boolean, string][] = [
    [modes.applicationCursorKeysMode, '?1'],
    [modes.applicationKeypadMode, '?66'],
    [modes.bracketedPasteMode, '?2004'],
    [modes.insertMode, '4'],
    [modes.reverseWraparoundMode, '?45'],
    [modes.sendFocusMode, '?1004'],
    [modes.mouseTrackingMode !== 'none', `?${mouseModes[modes.mouseTrackingMode]}`],
    [unseen.mouseEncoding !== null, `?${unseen.mouseEncoding}`],
  ];
  for (const [is, mode] of on) if (is) parts.push(`\x1b[${mode}h`);
  if (!modes.wraparoundMode) parts.push('\x1b[?7l');
  if (unseen.hiddenCursor) parts.push('\x1b[?25l');
  parts.push(unseen.cursorStyle, unseen.drawing ? '\x1b(0' : '', ...unseen.pen.map((said) => `\x1b[${said}m`));
  return parts.join('');
}

const mouseModes = { none: 0, x10: 9, vt200: 1000, drag: 1002, any: 1003 };

function moveTo(buffer: IBuffer, origin = 0): string {
  return `\x1b[${buffer.cursorY + 1 - origin};${buffer.cursorX + 1}H`;
}

function drawLines(buffer: IBuffer, from: number, to: number): string {
  let text = '';
  for (let index = from; index < to; index += 1) {
    const wraps = buffer.getLine(index + 1)?.isWrapped ?? false;
    text += drawLine(buffer, index, wraps);
    if (index < to - 1 && !wraps) text += '\x1b[0m\r\n';
  }
  return `${text}\x1b[0m`;
}

/** @param whole the next line goes on with it, so that it has to be filled to its end */
function drawLine(buffer: IBuffer, index: number, whole: boolean): string {
  const line = buffer.getLine(index);
  let text = '';
  let look = '';
  let empty = 0;
  let cell: IBufferCell | undefined;
  for (let x = 0; line && x < line.length; x += 1) {
    cell = line.getCell(x, cell);
    if (!cell || cell.getWidth() === 0) continue;
    const next = lookOf(cell);
    const blank = cell.getChars() === '';
    if (empty > 0 && (!blank || next !== look)) {
      text += skip(empty);
      empty = 0;
    }
    if (next !== look) text += `\x1b[0${next}m`;
    look = next;
    if (blank && !whole) empty += 1;
    else text += cell.getChars() || ' ';
  }
  // What was erased in a colour has it to the end of the line.
  return empty > 0 && look ? text + skip(empty) : text;
}

/** Cells that were erased rather than written. */
function skip(count: number): string {
  return `\x1b[${count}X\x1b[${count}C`;
}

/** The cell's attributes behind a reset. */
function lookOf(cell: IBufferCell): string {
  if (cell.isAttributeDefault()) return '';
  const flags: [number, number][] = [
    [cell.isBold(), 1],
    [cell.isDim(), 2],
    [cell.isItalic(), 3],
    [cell.isUnderline(), 4],
    [cell.isBlink(), 5],
    [cell.isInverse(), 7],
    [cell.isInvisible(), 8],
    [cell.isStrikethrough(), 9],
    [cell.isOverline(), 53],
  ];
  const set = flags.flatMap(([is, code]) => (is ? [`;${code}`] : [])).join('');
  const foreground = colorOf(30, cell.isFgRGB(), cell.getFgColorMode(), cell.getFgColor());
  return `${set}${foreground}${colorOf(40, cell.isBgRGB(), cell.getBgColorMode(), cell.getBgColor())}`;
}

/** The emulator's mark of the sixteen colours that have codes of their own. */
const sixteen = 0x1000000;

/** @param base 30 for the foreground, 40 for the background */
function colorOf(base: 30 | 40, rgb: boolean, mode: number, color: number): string {
  if (mode === 0) return '';
  if (rgb) return `;${base + 8};2;${color >> 16};${(color >> 8) & 255};${color & 255}`;
  if (mode !== sixteen) return `;${base + 8};5;${color}`;
  return `;${color < 8 ? base + color : base + 52 + color}`;
}
