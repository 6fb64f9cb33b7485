// Who drives a terminal: of all pages that watch it one types and decides on its size, the others look on.
import type { TerminalName } from '#lib/shared/chapter.ts';
import type { TerminalSize } from '#lib/shared/protocol.ts';

/** One page that watches one terminal. */
export interface Watcher {
  /** What its window has room for. */
  size: TerminalSize;
  /** It drives now, or no longer. */
  drive(driving: boolean): void;
}

export interface Drivers {
  /** The first one drives. Answers whether this one does. */
  join(terminal: TerminalName, watcher: Watcher): boolean;
  /** The one that has watched longest goes on where a driver leaves. */
  leave(terminal: TerminalName, watcher: Watcher): void;
  takeOver(terminal: TerminalName, watcher: Watcher): void;
  /** Undefined while nobody watches. */
  of(terminal: TerminalName): Watcher | undefined;
}

export function createDrivers(): Drivers {
  /** In the order in which they came, but for the driver, who is first. */
  const watchers = new Map<TerminalName, Watcher[]>();
  const of = (terminal: TerminalName) => watchers.get(terminal)?.[0];

  return {
    of,
    join(terminal, watcher) {
      arrange(terminal, (others) => [...others, watcher]);
      return of(terminal) === watcher;
    },
    leave: (terminal, watcher) => arrange(terminal, (all) => all.filter((other) => other !== watcher)),
    takeOver: (terminal, watcher) => arrange(terminal, (all) => [watcher, ...all.filter((other) => other !== watcher)]),
  };

  function arrange(terminal: TerminalName, change: (all: Watcher[]) => Watcher[]): void {
    const before = of(terminal);
    watchers.set(terminal, change(watchers.get(terminal) ?? []));
    const after = of(terminal);
    if (before === after) return;
    before?.drive(false);
    after?.drive(true);
  }
}
