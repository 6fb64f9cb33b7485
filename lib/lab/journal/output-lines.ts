// Turns what a unit's process writes into journal messages: lines, syslog priorities, a limit on floods.
import { StringDecoder } from 'node:string_decoder';

/** journald's own longest line; what is longer arrives in pieces. */
const maxLine = 48 * 1024;

export interface OutputLines {
  /** Answers whether the listener wants more: false while a flood is being dropped. */
  push(chunk: Buffer): boolean;
  /** Hands over a last line that has no end. */
  end(): void;
}

/**
 * Calls back for each line that is not blank; the listener answers whether it took the line. A leading `<3>` sets the priority, as
 * syslog's levels, unless `prefixed` says that it is text like any other; lines without have the `usual` one.
 */
export function outputLines(
  listener: (message: string, priority: number) => boolean,
  { usual = 6, prefixed = true }: { usual?: number; prefixed?: boolean } = {},
): OutputLines {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let wanted = true;

  function take(line: string) {
    const level = prefixed ? /^<([0-7])>/.exec(line)?.[1] : undefined;
    const message = (level === undefined ? line : line.slice(3)).trimEnd();
    if (message !== '') wanted = listener(message, level === undefined ? usual : Number(level));
  }

  function push(text: string) {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) for (const part of pieces(line)) take(part);
    while (rest.length > maxLine) {
      take(rest.slice(0, maxLine));
      rest = rest.slice(maxLine);
    }
  }

  return {
    push(chunk) {
      push(decoder.write(chunk));
      return wanted;
    },
    end() {
      push(decoder.end());
      take(rest);
      rest = '';
    },
  };
}

function* pieces(line: string): Generator<string> {
  for (let at = 0; at === 0 || at < line.length; at += maxLine) yield line.slice(at, at + maxLine);
}

/** systemd's defaults: a unit may write this many messages in this time. */
const burst = 10_000;
const burstInterval = 30_000;

/**
 * Lets a unit's messages through until there are too many, then drops them until the interval is over.
 * `admit` answers how many were dropped before this message, or null when this one is to be dropped too. `now` is monotonic, in ms.
 */
export function floodGate(now: () => number): { admit(): number | null } {
  let began = Number.NEGATIVE_INFINITY;
  let admitted = 0;
  let dropped = 0;
  return {
    admit() {
      if (now() - began >= burstInterval) {
        const before = dropped;
        began = now();
        admitted = 1;
        dropped = 0;
        return before;
      }
      if (admitted < burst) {
        admitted++;
        return 0;
      }
      dropped++;
      return null;
    },
  };
}
