/** Things to close, in the reverse of the order in which they were opened. */
export interface Closers {
  add(name: string, close: () => void | Promise<void>): void;
  /** Closes everything once; a closer that fails or takes too long is reported and does not hold up the others. */
  close(): Promise<void>;
}

/** The whole shutdown must end within 5 s; one closer may take most of that, because it ends other people's programs. */
const closerMs = 4000;

export function createClosers(report: (message: string) => void): Closers {
  const closers: { name: string; close: () => void | Promise<void> }[] = [];
  let closing: Promise<void> | undefined;

  async function closeAll() {
    for (const { name, close } of closers.reverse()) {
      try {
        await within(closerMs, close());
      } catch (error) {
        report(`${name} did not close: ${(error as Error).message}`);
      }
    }
  }

  return {
    add: (name, close) => void closers.push({ name, close }),
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

async function within(ms: number, closing: void | Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it took more than ${ms} ms`)), ms);
  });
  try {
    await Promise.race([closing, late]);
  } finally {
    clearTimeout(timer);
  }
}
