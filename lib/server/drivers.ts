// Who drives a terminal: of all pages that watch it one types and decides on its size, the others look on.
import type { TerminalName } from '#lib/shared/chapter.ts';
import type { TerminalSize } from '#lib/shared/protocol.ts';

/** One page that watches one terminal. */
export interface Watcher {
  /** What its window has room for. */
  size: TerminalSize;
  /** What its window is called, also after a lost connection; undefined when it does not say. */
  window?: string | undefined;
  /** It drives now, or no longer. */
  drive(driving: boolean): void;
}

export interface Drivers {
  /** The first one drives. Answers whether this one does. */
  join(terminal: TerminalName, watcher: Watcher): boolean;
  /**
   * The one that has watched longest goes on where a driver leaves: at once, or, when only its connection was lost and it may return,
   * a little later.
   */
  leave(terminal: TerminalName, watcher: Watcher, mayReturn: boolean): void;
  takeOver(terminal: TerminalName, watcher: Watcher): void;
  /** Undefined while nobody watches. */
  of(terminal: TerminalName): Watcher | undefined;
}

/**
 * How long a driver whose connection was lost keeps its place. A page tries again after at most two seconds, but its computer may be busy;
 * whoever does not want to wait takes over.
 */
const returnMs = 8000;

export function createDrivers(): Drivers {
  /** In the order in which they came, but for the driver, who is first. */
  const watchers = new Map<TerminalName, Watcher[]>();
  /** Drivers whose connection was lost a moment ago. */
  const absent = new Set<Watcher>();
  const of = (terminal: TerminalName) => watchers.get(terminal)?.[0];

  return {
    of,
    join(terminal, watcher) {
      const driver = of(terminal);
      const returns = driver && absent.has(driver) && driver.window === watcher.window;
      if (returns) arrange(terminal, (all) => [watcher, ...all.filter((other) => other !== driver)]);
      else arrange(terminal, (others) => [...others, watcher]);
      return of(terminal) === watcher;
    },
    leave(terminal, watcher, mayReturn) {
      const others = (watchers.get(terminal)?.length ?? 0) > 1;
      if (!mayReturn || watcher.window === undefined || !others || of(terminal) !== watcher) return remove(terminal, watcher);
      absent.add(watcher);
      setTimeout(() => remove(terminal, watcher), returnMs).unref();
    },
    takeOver: (terminal, watcher) => arrange(terminal, (all) => [watcher, ...all.filter((other) => other !== watcher)]),
  };

  function remove(terminal: TerminalName, watcher: Watcher): void {
    absent.delete(watcher);
    arrange(terminal, (all) => all.filter((other) => other !== watcher));
  }

  function arrange(terminal: TerminalName, change: (all: Watcher[]) => Watcher[]): void {
    const before = of(terminal);
    watchers.set(terminal, change(watchers.get(terminal) ?? []));
    const after = of(terminal);
    if (before === after) return;
    before?.drive(false);
    after?.drive(true);
  }
}
