// The store behind the etcd v2 keys API: pure state, the clock comes from outside.
import type { Clock } from './clock.ts';
import { ExpiryQueue } from './expiry-queue.ts';
import { type Directory, descendants, detach, isDirectory, type KeyNode, viewNode } from './key-node.ts';
import { normalizePath } from './key-path.ts';
import { KeyTree } from './key-tree.ts';
import { restoreNode, type StoreState, storeNode } from './store-state.ts';
import { StoreStats } from './store-stats.ts';
import { type Watcher, WatchHub, type WatchOptions } from './watch-hub.ts';
import { type Action, EtcdError, type KeyEvent, type NodeView } from './wire.ts';

export interface Lifetime {
  /** A moment of the store's clock (see `KeyStore.after`); absent: for ever. */
  expires?: number | undefined;
  /** Keep the value and tell no watcher: only the lifetime is renewed. */
  refresh?: boolean | undefined;
}

export interface NewContent extends Lifetime {
  value?: string | undefined;
  dir?: boolean | undefined;
}

/** What a key must be before it is changed; '' and 0 mean that anything will do. */
export interface Expected {
  prevValue?: string | undefined;
  prevIndex?: number | undefined;
}

/** Members and version of a new etcd 3.4 take the first three indices, so the first key gets 4. */
const firstIndex = 3;

/**
 * Every method throws `EtcdError` when etcd would refuse. Listeners run before the method returns and must not write to
 * the store themselves.
 */
export class KeyStore {
  readonly stats = new StoreStats();
  readonly clock: Clock;
  #tree = new KeyTree();
  #index = 0;
  #hub = new WatchHub();
  #expiring = new ExpiryQueue();
  #record: (event: KeyEvent) => void;

  /** `record` is called with every change, in order; `replay` takes it back after a restart. */
  constructor(clock: Clock, record: (event: KeyEvent) => void = () => {}) {
    this.clock = clock;
    this.#record = record;
    for (let index = 1; index <= firstIndex; index++) this.#remember(reservedEvent(index));
  }

  /** The index of the last change; `X-Etcd-Index`. */
  get index(): number {
    return this.#index;
  }

  get watchers(): number {
    return this.#hub.count;
  }

  get hasExpiringKeys(): boolean {
    return this.#expiring.size > 0;
  }

  /** The moment so many seconds from now, for `expires`. */
  after(seconds: number): number {
    return this.clock.now() + seconds * 1000;
  }

  get(path: string, options: { recursive?: boolean; sorted?: boolean } = {}): KeyEvent {
    return this.stats.count('gets', () => {
      const node = this.#tree.find(normalizePath(path), this.#index);
      return { action: 'get', node: viewNode(node, this.clock, { list: true, ...options }) };
    });
  }

  set(path: string, content: NewContent = {}): KeyEvent {
    return this.stats.count('sets', () => {
      const key = normalizePath(path);
      const before = this.#tree.lookUp(key, this.#index);
      if (!before && content.refresh) this.#tree.find(key, this.#index); // says which part is missing
      const prevNode = before && viewNode(before, this.clock, { list: true });
      const value = content.refresh ? before!.value : (content.value ?? '');
      return this.#put('set', key, { ...content, value }, prevNode);
    });
  }

  create(path: string, content: NewContent = {}): KeyEvent {
    return this.stats.count('create', () => this.#put('create', normalizePath(path), content));
  }

  /** Creates a key below `path` whose name is the index, padded so that names sort in the order of creation. */
  createInOrder(path: string, content: NewContent = {}): KeyEvent {
    const name = String(this.#index + 1).padStart(20, '0');
    return this.stats.count('create', () => this.#put('create', normalizePath(`${path}/${name}`), content));
  }

  update(path: string, content: { value?: string | undefined } & Lifetime = {}): KeyEvent {
    return this.stats.count('update', () => {
      const key = normalizePath(path);
      this.#refuseRoot(key);
      const node = this.#tree.find(key, this.#index);
      if (isDirectory(node) && content.value) throw new EtcdError(102, key, this.#index);
      return this.#overwrite('update', node, content);
    });
  }

  compareAndSwap(path: string, expected: Expected, content: { value?: string | undefined } & Lifetime): KeyEvent {
    return this.stats.count('compareAndSwap', () => {
      const key = normalizePath(path);
      this.#refuseRoot(key);
      const node = this.#tree.findFile(key, this.#index);
      this.#compare(node, expected);
      return this.#overwrite('compareAndSwap', node, content);
    });
  }

  delete(path: string, { dir = false, recursive = false } = {}): KeyEvent {
    return this.stats.count('delete', () => {
      const key = normalizePath(path);
      this.#refuseRoot(key);
      const node = this.#tree.find(key, this.#index);
      if (isDirectory(node) && !dir && !recursive) throw new EtcdError(102, key, this.#index);
      if (isDirectory(node) && node.children.size > 0 && !recursive) throw new EtcdError(108, key, this.#index);
      return this.#remove('delete', node);
    });
  }

  compareAndDelete(path: string, expected: Expected): KeyEvent {
    return this.stats.count('compareAndDelete', () => {
      const node = this.#tree.findFile(normalizePath(path), this.#index);
      this.#compare(node, expected);
      return this.#remove('compareAndDelete', node);
    });
  }

  /** Removes what is due. Call it often; etcd does so twice a second. */
  expire(): void {
    const now = this.clock.now();
    for (let node = this.#expiring.shift(now); node; node = this.#expiring.shift(now)) {
      this.#remove('expire', node);
      this.stats.expired++;
    }
  }

  /** `tell` may be called before this returns, when history has the answer. */
  watch(path: string, options: WatchOptions, tell: (event: KeyEvent) => void): Watcher {
    return this.#hub.watch(normalizePath(path), options, this.#index, tell);
  }

  save(): StoreState {
    return { index: this.#index, root: storeNode(this.#tree.root, this.clock), history: this.#hub.history.slice(-1000) };
  }

  restore({ index, root, history }: StoreState): void {
    this.#index = index;
    this.#hub = new WatchHub();
    for (const event of history) this.#hub.add(event);
    this.#expiring = new ExpiryQueue();
    const restored = restoreNode(undefined, root, (node, expires) => this.#expiring.set(node, expires - this.clock.wallOffset()));
    this.#tree = new KeyTree(restored as Directory);
  }

  /** Makes a change again that `record` was given, if it is not there already; tells nobody. */
  replay(event: KeyEvent): void {
    const { key, value, dir, expiration, createdIndex, modifiedIndex } = event.node;
    if (modifiedIndex <= this.#index) return;
    const existing = this.#tree.lookUp(key, this.#index);
    const expires = expiration === undefined ? undefined : Date.parse(expiration) - this.clock.wallOffset();
    if (event.action === 'delete' || event.action === 'compareAndDelete' || event.action === 'expire') {
      if (existing) this.#drop(existing);
    } else if (dir && existing) {
      this.#expiring.set(existing, expires);
    } else {
      if (existing) this.#drop(existing);
      const node = this.#tree.insert(key, modifiedIndex, dir ? { dir } : { value: value ?? '' });
      node.createdIndex = createdIndex;
      this.#expiring.set(node, expires);
    }
    this.#remember(event);
  }

  #put(action: 'set' | 'create', key: string, { value = '', dir, expires, refresh }: NewContent, prevNode?: NodeView): KeyEvent {
    this.#refuseRoot(key);
    const existing = this.#tree.lookUp(key, this.#index);
    if (existing && action === 'create') throw new EtcdError(105, key, this.#index);
    if (existing && isDirectory(existing)) throw new EtcdError(102, key, this.#index);
    if (existing) this.#drop(existing);
    const index = this.#index + 1;
    const created = this.#tree.insert(key, index, dir ? { dir } : { value });
    this.#expiring.set(created, isSensible(expires, this.clock) ? expires : undefined);
    const event: KeyEvent = { action, node: viewNode(created, this.clock) };
    if (prevNode) event.prevNode = prevNode;
    return this.#commit(event, refresh);
  }

  #overwrite(action: Action, node: KeyNode, { value = '', expires, refresh }: { value?: string | undefined } & Lifetime): KeyEvent {
    const index = this.#index + 1;
    const prevNode = viewNode(node, this.clock);
    if (!isDirectory(node)) {
      if (!refresh) node.value = value;
      node.modifiedIndex = index; // a directory keeps its own, only the event has the new one
    }
    this.#expiring.set(node, expires);
    return this.#commit({ action, node: { ...viewNode(node, this.clock), modifiedIndex: index }, prevNode }, refresh);
  }

  #remove(action: Action, node: KeyNode): KeyEvent {
    const index = this.#index + 1;
    const view: NodeView = { key: node.path, modifiedIndex: index, createdIndex: node.createdIndex };
    if (isDirectory(node)) view.dir = true;
    const event: KeyEvent = { action, node: view, prevNode: viewNode(node, this.clock) };
    const gone = [...descendants(node)].map((each) => each.path);
    this.#drop(node);
    for (const path of gone) this.#hub.tellWatchers(event, path, true);
    return this.#commit(event);
  }

  #commit(event: KeyEvent, refresh?: boolean): KeyEvent {
    if (refresh) event.refresh = true;
    this.#remember(event);
    this.#record(event);
    if (!refresh) this.#hub.notify(event);
    return event;
  }

  #remember(event: KeyEvent): void {
    this.#index = event.node.modifiedIndex;
    this.#hub.add(event);
  }

  #drop(node: KeyNode): void {
    if (isDirectory(node)) for (const each of descendants(node)) this.#expiring.delete(each);
    else this.#expiring.delete(node);
    detach(node);
  }

  #compare(node: KeyNode, { prevValue = '', prevIndex = 0 }: Expected): void {
    const causes: string[] = [];
    if (prevValue !== '' && prevValue !== node.value) causes.push(`[${prevValue} != ${node.value}]`);
    if (prevIndex !== 0 && prevIndex !== node.modifiedIndex) causes.push(`[${prevIndex} != ${node.modifiedIndex}]`);
    if (causes.length > 0) throw new EtcdError(101, causes.join(' '), this.#index);
  }

  #refuseRoot(key: string): void {
    if (key === '/') throw new EtcdError(107, '/', this.#index);
  }
}

// A moment that far back is a number that overflowed; etcd takes it for "for ever" in new nodes.
const earliest = Date.UTC(2000, 0, 1);

function isSensible(expires: number | undefined, clock: Clock): boolean {
  return expires !== undefined && expires + clock.wallOffset() >= earliest;
}

/** Invisible: it fills an index that a real etcd spends on its own keys. */
function reservedEvent(index: number): KeyEvent {
  return { action: 'create', node: { key: '/', modifiedIndex: index, createdIndex: index }, refresh: true };
}
