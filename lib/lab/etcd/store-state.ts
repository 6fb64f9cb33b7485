// The whole store as plain data, for the snapshot on disk.
import type { Clock } from './clock.ts';
import type { KeyNode } from './key-node.ts';
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
