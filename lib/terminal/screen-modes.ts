/**
 * Which modes the programs of a terminal have switched on, followed in its output. A screen can be drawn again from the middle of the log
 * only by who knows what was switched on before: a full-screen program does so once, when it starts.
 */

/** The private modes (`CSI ? number h` and `l`) that differ from how a terminal starts. */
export type ScreenModes = ReadonlyMap<number, boolean>;

/** The alternate screen: full-screen programs draw on it. */
export const alternateScreens = [47, 1047, 1049];

export interface ModeTracker {
  /** The output in order. */
  push(bytes: Buffer): void;
  /** What is switched on now. */
  current(): ScreenModes;
  /** The first place at or behind `offset` where the modes are known, and what they are there. */
  from(offset: number): { offset: number; modes: ScreenModes };
}

const escapeByte = 0x1b;
/** Modes are noted so often; the same number as the log loses bytes in one go. */
const noteBytes = 64 * 1024;
const noteLimit = 40;
/** A longer sequence is none of these. */
const longest = 64;
const sequence = /^\x1b(?:\[(?:\?([\d;]{0,48})([hl])|!p)|c)/;
/** What may still become one. */
const beginning = /^\x1b(?:\[(?:\?[\d;]{0,48}|!)?)?$/;

/** @param first the offset of the first byte that will be pushed */
export function trackModes(first: number): ModeTracker {
  let modes = new Map<number, boolean>();
  let end = first;
  let rest = Buffer.alloc(0);
  let notes = [{ offset: first, modes }];

  return {
    push(bytes) {
      end += bytes.length;
      scan(rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes);
      if (rest.length > 0 || end - notes.at(-1)!.offset < noteBytes) return;
      notes = [...notes, { offset: end, modes: new Map(modes) }].slice(-noteLimit);
    },
    current: () => modes,
    from: (offset) => notes.find((note) => note.offset >= offset) ?? { offset: end, modes },
  };

  function scan(bytes: Buffer): void {
    rest = Buffer.alloc(0);
    for (let at = bytes.indexOf(escapeByte); at >= 0; at = bytes.indexOf(escapeByte, at + 1)) {
      const next = bytes[at + 1];
      // Most sequences set colours: they are not worth a string.
      if (
        next !== undefined &&
        next !== 0x63 &&
        (next !== 0x5b || (bytes[at + 2] !== 0x3f && bytes[at + 2] !== 0x21 && at + 2 < bytes.length))
      )
        continue;
      const text = bytes.toString('latin1', at, at + longest);
      const found = sequence.exec(text);
      if (found) accept(found[0], found[1], found[2] === 'h');
      else if (at + text.length === bytes.length && beginning.test(text)) rest = Buffer.from(bytes.subarray(at));
    }
  }

  function accept(text: string, numbers: string | undefined, on: boolean): void {
    if (numbers === undefined) {
      // RIS resets everything; DECSTR what a program may have left behind, but not the screen.
      if (text === '\x1bc') modes = new Map();
      else for (const mode of [1, 6, 25]) modes.delete(mode);
      return;
    }
    for (const number of numbers.split(';').map(Number)) {
      if (number === 7 || number === 25 ? on : !on) modes.delete(number);
      else modes.set(number, on);
    }
  }
}

export function isAlternate(modes: ScreenModes): boolean {
  return alternateScreens.some((mode) => modes.get(mode) === true);
}

/** What switches them on in a fresh terminal. */
export function writeModes(modes: ScreenModes): string {
  return [...modes].map(([mode, on]) => `\x1b[?${mode}${on ? 'h' : 'l'}`).join('');
}
