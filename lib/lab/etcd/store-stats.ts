// The counters behind /v2/stats/store.

const operations = ['gets', 'sets', 'delete', 'update', 'create', 'compareAndSwap', 'compareAndDelete'] as const;
type Operation = (typeof operations)[number];

export class StoreStats {
  expired = 0;
  // A new etcd has created one key and set two of its own, and looked for one that is not there.
  #succeeded = new Map<Operation, number>([
    ['sets', 2],
    ['create', 1],
  ]);
  #failed = new Map<Operation, number>([['gets', 1]]);

  /** Runs the operation and counts how it ended. */
  count<T>(operation: Operation, run: () => T): T {
    try {
      const result = run();
      increment(this.#succeeded, operation);
      return result;
    } catch (error) {
      increment(this.#failed, operation);
      throw error;
    }
  }

  view(watchers: number): Record<string, number> {
    const counts = operations.flatMap((operation) => [
      [`${operation}Success`, this.#succeeded.get(operation) ?? 0],
      [`${operation}Fail`, this.#failed.get(operation) ?? 0],
    ]);
    return { ...Object.fromEntries(counts), expireCount: this.expired, watchers };
  }
}

function increment(counts: Map<Operation, number>, operation: Operation): void {
  counts.set(operation, (counts.get(operation) ?? 0) + 1);
}
