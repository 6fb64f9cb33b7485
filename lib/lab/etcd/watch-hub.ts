// Who waits for which key, and the last events for those who ask late.
import { EtcdError, type KeyEvent } from './wire.ts';

/** How many events of the whole store are kept for `waitIndex`; etcd's figure. */
const historyLength = 1000;

export interface Watcher {
  /** The store's index when the watch began. */
  startIndex: number;
  close(): void;
}

export interface WatchOptions {
  recursive?: boolean;
  /** Go on after the first event. */
  stream?: boolean;
  /** The first index of interest; 0 or absent: whatever comes next. */
  since?: number;
}

interface Waiting {
  recursive: boolean;
  stream: boolean;
  since: number;
  tell(event: KeyEvent): void;
}

export class WatchHub {
  #waiting = new Map<string, Set<Waiting>>();
  #history: KeyEvent[] = [];

  get history(): readonly KeyEvent[] {
    return this.#history;
  }

  get count(): number {
    let count = 0;
    for (const set of this.#waiting.values()) count += set.size;
    return count;
  }

  /** As etcd does, a watch that history can answer gets that one event, even if it asked for a stream. */
  watch(path: string, options: WatchOptions, index: number, tell: (event: KeyEvent) => void): Watcher {
    const since = options.since || index + 1;
    const past = this.#scan(path, options.recursive ?? false, since, index);
    if (past) {
      tell(past);
      return { startIndex: index, close() {} };
    }
    const waiting = { recursive: options.recursive ?? false, stream: options.stream ?? false, since, tell };
    const set = this.#waiting.get(path) ?? new Set();
    this.#waiting.set(path, set.add(waiting));
    return { startIndex: index, close: () => this.#forget(path, waiting) };
  }

  add(event: KeyEvent): void {
    this.#history.push(event);
    // Cutting off a slice now and then is cheaper than moving the whole array for every event.
    if (this.#history.length >= 2 * historyLength) this.#history = this.#history.slice(-historyLength);
  }

  /** Tells the watchers of the event's key and of everything above it. */
  notify(event: KeyEvent): void {
    this.tellWatchers(event, '/', false);
    if (event.node.key === '/') return;
    let path = '';
    for (const name of event.node.key.slice(1).split('/')) {
      path += `/${name}`;
      this.tellWatchers(event, path, false);
    }
  }

  /** `removed`: the node at this path is gone, so its watchers are told whatever they asked for. */
  tellWatchers(event: KeyEvent, path: string, removed: boolean): void {
    const set = this.#waiting.get(path);
    if (!set) return;
    const exact = event.node.key === path;
    if (!exact && isHiddenBelow(path, event.node.key)) return;
    for (const waiting of [...set]) {
      if (!(waiting.recursive || exact || removed) || event.node.modifiedIndex < waiting.since) continue;
      if (!waiting.stream) this.#forget(path, waiting);
      waiting.tell(event);
    }
  }

  #scan(path: string, recursive: boolean, since: number, index: number): KeyEvent | undefined {
    if (since > index) return undefined;
    const kept = this.#history.slice(-historyLength);
    const oldest = kept[0]?.node.modifiedIndex ?? 0;
    if (since < oldest) throw new EtcdError(401, `the requested history has been cleared [${oldest}/${since}]`, index);
    return kept.slice(since - oldest).find((event) => !event.refresh && concerns(event, path, recursive));
  }

  #forget(path: string, waiting: Waiting): void {
    const set = this.#waiting.get(path);
    set?.delete(waiting);
    if (set?.size === 0) this.#waiting.delete(path);
  }
}

function isHiddenBelow(watched: string, key: string): boolean {
  if (watched.length > key.length) return false; // a directory above the watched path was removed
  return key.slice(watched === '/' ? 0 : watched.length).includes('/_');
}

/** Whether an event of the past answers a watch. Unlike live events, those of hidden keys count. */
function concerns({ action, node, prevNode }: KeyEvent, path: string, recursive: boolean): boolean {
  if (node.key === path) return true;
  if (recursive && node.key.startsWith(path === '/' ? '/' : `${path}/`)) return true;
  // etcd compares without a closing slash here, so removing /a also answers a watch of /ab.
  return (action === 'delete' || action === 'expire') && prevNode?.dir === true && path.startsWith(prevNode.key);
}
