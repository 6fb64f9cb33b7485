/** What was opened, to be closed again in the reverse order. */

export interface Closers {
  add(close: () => void | Promise<void>): void;
  /** Closes everything once, even if parts of it fail; the first failure is thrown at the end. */
  closeAll(): Promise<void>;
}

export function createClosers(): Closers {
  const pending: (() => void | Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  return {
    add: (close) => void pending.push(close),
    closeAll() {
      closing ??= closeInReverse(pending);
      return closing;
    },
  };
}

async function closeInReverse(pending: (() => void | Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (let close = pending.pop(); close; close = pending.pop()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
