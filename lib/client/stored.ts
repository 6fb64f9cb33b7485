// Small choices that this browser remembers: theme, sizes, open tabs.
import { useSyncExternalStore } from 'react';

const prefix = 'coreos-reflector.';
/** What storage could not keep (it may be blocked or full) lives as long as the page. */
const memory = new Map<string, string>();
const listeners = new Set<() => void>();

export function readStored(name: string): string | null {
  const kept = memory.get(name);
  if (kept !== undefined) return kept;
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    return null; // storage is blocked in this browser: the choice was never kept
  }
}

export function writeStored(name: string, value: string): void {
  try {
    localStorage.setItem(prefix + name, value);
    memory.delete(name);
  } catch {
    memory.set(name, value); // blocked or full: remember it for this page at least
  }
  for (const listener of [...listeners]) listener();
}

/** The stored text, or `fallback` on the server, in the first render and when nothing is stored. */
export function useStored(name: string, fallback: string): [value: string, write: (value: string) => void] {
  const value = useSyncExternalStore(
    subscribe,
    () => readStored(name) ?? fallback,
    () => fallback,
  );
  return [value, (next) => writeStored(name, next)];
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  // Another tab's choice holds here as well.
  window.addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', listener);
  };
}
