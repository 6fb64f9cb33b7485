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
const beginnings = ['\x1b[?', '\x1b[!p', '\x1bc'].map((text) => Buffer.from(text));
/** What may still become one. */
const beginning = /^\x1b(?:\[(?:\?[\d;]{0,48}|!)?)?$/;

const nothing = Buffer.alloc(0);

/** @param first the offset of the first byte that will be pushed */
export function trackModes(first: number): ModeTracker {
  let modes = new Map<number, boolean>();
  let end = first;
  let rest = nothing;
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

  /** Searched for as a whole each, in native code: most escape sequences set colours, and there may be a million of them in a second. */
  function scan(bytes: Buffer): void {
    const next = beginnings.map((text) => bytes.indexOf(text));
    for (;;) {
      const at = Math.min(...next.map((place) => (place < 0 ? bytes.length : place)));
      if (at === bytes.length) break;
      const found = sequence.exec(bytes.toString('latin1', at, at + longest));
      if (found) accept(found[0], found[1], found[2] === 'h');
      const which = next.indexOf(at);
      next[which] = bytes.indexOf(beginnings[which]!, at + 1);
    }
    const last = bytes.lastIndexOf(escapeByte);
    const cut = last >= 0 && bytes.length - last < longest && beginning.test(bytes.toString('latin1', last));
    rest = cut ? Buffer.from(bytes.subarray(last)) : nothing;
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
