// Which nodes expire next: a binary heap whose outdated entries are skipped when they come up.
import type { KeyNode } from './key-node.ts';

interface Entry {
  expires: number;
  order: number;
  node: KeyNode;
}

// Every renewal leaves an outdated entry; beyond this many for each live one the heap is built anew.
const tolerated = 4;

export class ExpiryQueue {
  #heap: Entry[] = [];
  #live = new Set<KeyNode>();
  #order = 0;

  get size(): number {
    return this.#live.size;
  }

  set(node: KeyNode, expires: number | undefined): void {
    node.expires = expires;
    if (expires === undefined) {
      this.#live.delete(node);
      return;
    }
    this.#live.add(node);
    this.#push({ expires, order: this.#order++, node });
    if (this.#heap.length > 64 + tolerated * this.#live.size) this.#rebuild();
  }

  delete(node: KeyNode): void {
    this.#live.delete(node);
  }

  /** Takes the next node that is due at this moment. */
  shift(now: number): KeyNode | undefined {
    for (let top = this.#heap[0]; top && top.expires <= now; top = this.#heap[0]) {
      this.#pop();
      if (top.node.expires === top.expires && this.#live.delete(top.node)) return top.node;
    }
    return undefined;
  }

  #rebuild(): void {
    this.#heap = [];
    for (const node of this.#live) this.#push({ expires: node.expires!, order: this.#order++, node });
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(entry, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.expires < b.expires || (a.expires === b.expires && a.order < b.order);
}
