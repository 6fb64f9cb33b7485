// A value that changes from outside React, and the hook that shows it.
import { useSyncExternalStore } from 'react';

export interface Live<Value> {
  get(): Value;
  set(next: Value): void;
  subscribe(listener: () => void): () => void;
  /** What the server renders and the first render in the browser repeats. */
  initial: Value;
}

export function createLive<Value>(initial: Value): Live<Value> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    initial,
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useLive<Value>(live: Live<Value>): Value {
  return useSyncExternalStore(live.subscribe, live.get, () => live.initial);
}
