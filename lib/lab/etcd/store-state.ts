// The whole store as plain data, for the snapshot on disk.
import type { Clock } from './clock.ts';
import { type Directory, isDirectory, type KeyNode, newNode } from './key-node.ts';
import type { KeyEvent } from './wire.ts';

export interface StoreState {
  index: number;
  root: StoredNode;
  history: KeyEvent[];
}

export interface StoredNode {
  name: string;
  created: number;
  modified: number;
  /** Milliseconds since 1970. */
  expires?: number;
  value?: string;
  children?: StoredNode[];
}

export function storeNode(node: KeyNode, clock: Clock): StoredNode {
  const stored: StoredNode = { name: node.name, created: node.createdIndex, modified: node.modifiedIndex };
  if (node.expires !== undefined) stored.expires = node.expires + clock.wallOffset();
  if (node.children) stored.children = [...node.children.values()].map((child) => storeNode(child, clock));
  else stored.value = node.value;
  return stored;
}

/** The inverse. `expire` is called for every node with a lifetime, a directory before what is in it. */
export function restoreNode(parent: Directory | undefined, stored: StoredNode, expire: (node: KeyNode, expires: number) => void): KeyNode {
  const node = newNode(parent, stored.name, stored.created, stored.children ? { dir: true } : { value: stored.value ?? '' });
  node.modifiedIndex = stored.modified;
  if (stored.expires !== undefined) expire(node, stored.expires);
  if (isDirectory(node)) {
    for (const child of stored.children ?? []) node.children.set(child.name, restoreNode(node, child, expire));
  }
  return node;
}
