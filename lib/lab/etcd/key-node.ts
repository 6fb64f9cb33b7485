// The nodes of the tree and how they are shown.
import type { Clock } from './clock.ts';
import type { NodeView } from './wire.ts';

export interface KeyNode {
  /** `/a/b`; `/` for the root. */
  path: string;
  name: string;
  parent: Directory | undefined;
  createdIndex: number;
  modifiedIndex: number;
  /** A moment of the store's clock; undefined for ever. */
  expires: number | undefined;
  /** undefined for files. */
  children: Map<string, KeyNode> | undefined;
  /** Of files; '' for directories. */
  value: string;
}

export type Directory = KeyNode & { children: Map<string, KeyNode> };

export function isDirectory(node: KeyNode): node is Directory {
  return node.children !== undefined;
}

export function newNode(parent: Directory | undefined, name: string, index: number, content: { value: string } | { dir: true }): KeyNode {
  const prefix = !parent || parent.path === '/' ? '/' : `${parent.path}/`;
  const isFile = 'value' in content;
  return {
    path: prefix + name,
    name,
    parent,
    createdIndex: index,
    modifiedIndex: index,
    expires: undefined,
    children: isFile ? undefined : new Map(),
    value: isFile ? content.value : '',
  };
}

/** Removes the node from its parent; what is below it goes with it. */
export function detach(node: KeyNode): void {
  node.parent?.children.delete(node.name);
  node.parent = undefined;
}

/** The node and everything below it, children first, as etcd removes them. */
export function* descendants(node: KeyNode): Generator<KeyNode> {
  for (const child of node.children?.values() ?? []) yield* descendants(child);
  yield node;
}

/** `list` shows the children of a directory, `recursive` also theirs. Names that begin with `_` are left out. */
export function viewNode(node: KeyNode, clock: Clock, { list = false, recursive = false, sorted = false } = {}): NodeView {
  const view: NodeView = { key: node.path, modifiedIndex: node.modifiedIndex, createdIndex: node.createdIndex };
  if (node.expires !== undefined) Object.assign(view, viewExpiry(node.expires, clock));
  if (!isDirectory(node)) {
    view.value = node.value;
    return view;
  }
  view.dir = true;
  if (!list) return view;
  const children = [...node.children.values()].filter((child) => !child.name.startsWith('_'));
  if (sorted) children.sort((a, b) => (a.path < b.path ? -1 : 1));
  view.nodes = children.map((child) => viewNode(child, clock, { list: recursive, recursive, sorted }));
  return view;
}

function viewExpiry(expires: number, clock: Clock): Pick<NodeView, 'expiration' | 'ttl'> {
  const expiration = new Date(expires + clock.wallOffset()).toISOString().replace(/\.?0+Z$/, 'Z');
  return { expiration, ttl: Math.ceil((expires - clock.now()) / 1000) };
}
