// Where fleet's keys are, and how its nodes are read.
import type { KeyStore } from '../etcd/key-store.ts';
import { EtcdError, type NodeView } from '../etcd/wire.ts';

/** Hidden from listings, as its name begins with `_`. */
export const fleetPrefix = '/_coreos.com/fleet';

/** Whether a change of this key changes something in that part of the registry; the key may lie above it. */
export function concerns(key: string, part: string): boolean {
  const place = `${fleetPrefix}/${part}`;
  return key === place || key.startsWith(`${place}/`) || place.startsWith(`${key}/`);
}

/** The node with everything below it, sorted; undefined when there is none. */
export function readNode(store: KeyStore, key: string): NodeView | undefined {
  try {
    return store.get(`${fleetPrefix}/${key}`, { recursive: true, sorted: true }).node;
  } catch (error) {
    if (error instanceof EtcdError) return undefined;
    throw error;
  }
}

export function childIn({ nodes = [], key }: NodeView, name: string): NodeView | undefined {
  return nodes.find((node) => node.key === `${key}/${name}`);
}

export function valueIn(node: NodeView, name: string): string | undefined {
  return childIn(node, name)?.value;
}

export function baseName(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
