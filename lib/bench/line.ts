// What the scenarios need of a web terminal, whichever it is.

/** Bytes, or text where the server sends text: turning one into the other would be measured as well. */
export type Chunk = Buffer | string;

/** One viewer's connection to one terminal with a bash in it. */
export interface Line {
  /** When the first output came, as `performance.now()`. */
  readonly firstOutput: Promise<number>;
  type(text: string): void;
  /** Returns what takes the listener away. */
  onOutput(listener: (chunk: Chunk) => void): () => void;
  /** The terminal's program has ended. */
  onExit(listener: () => void): void;
  /** Takes nothing more off the network, as a browser that hangs. */
  stall(): void;
  close(): void;
}

export interface Peer {
  name: string;
  /** How another process finds it, for `connect`. */
  address: { kind: 'reflector' | 'wetty' | 'ttyd'; url: string };
  /** The processes that move the bytes; not what runs in the terminals. */
  processes(): number[];
  /** Connects to terminal 0 or 1. Resolves when connected, maybe before the first output. */
  open(terminal?: 0 | 1): Promise<Line>;
  /** After a program ended: whatever a person would do to get a new shell. */
  reopen(line: Line): Promise<Line>;
  close(): Promise<void>;
}

/** The listening half of a line, and how its connection tells it what came. */
export function hearing() {
  const listeners = new Set<(chunk: Chunk) => void>();
  const exits = new Set<() => void>();
  let begin: (time: number) => void = () => {};
  const firstOutput = new Promise<number>((resolve) => {
    begin = resolve;
  });
  return {
    output(chunk: Chunk) {
      begin(performance.now());
      for (const listener of listeners) listener(chunk);
    },
    /** Each listener hears of one exit: a line may get another program. */
    exit() {
      for (const listener of exits) listener();
      exits.clear();
    },
    line: {
      firstOutput,
      onOutput(listener: (chunk: Chunk) => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      onExit: (listener: () => void) => exits.add(listener),
    },
  };
}

/** Resolves when `marker` has been received, also when it was cut in two; rejects after `ms`. */
export function received(line: Line, marker: string, ms: number): Promise<void> {
  let edge = '';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      off();
      reject(new Error(`"${marker}" did not come within ${ms / 1000} s`));
    }, ms);
    const off = line.onOutput((chunk) => {
      const text = (value: Chunk) => (typeof value === 'string' ? value : value.toString('latin1'));
      const head = edge + text(chunk.slice(0, marker.length));
      if (!head.includes(marker) && !chunk.includes(marker)) {
        edge = (edge + text(chunk.slice(-marker.length))).slice(-marker.length);
        return;
      }
      clearTimeout(timer);
      off();
      resolve();
    });
  });
}

let lastMark = 0;

/** Resolves when the shell has taken what was typed before. The quotes keep the echo of the command from being taken for its output. */
export async function settled(line: Line, ms = 20_000): Promise<void> {
  const mark = `settled-${process.pid}-${++lastMark}`;
  const came = received(line, mark, ms);
  line.type(`echo ${mark.slice(0, 4)}""${mark.slice(4)}\r`);
  await came;
  await pause(50);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
