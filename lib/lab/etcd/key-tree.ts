// The tree of keys: finds nodes and adds new ones. An `index` is the store's: refusals tell it, and new nodes keep it.
import { type Directory, isDirectory, type KeyNode, newNode } from './key-node.ts';
import { splitKey } from './key-path.ts';
import { EtcdError } from './wire.ts';

export class KeyTree {
  readonly root: Directory;

  constructor(root = newNode(undefined, '', 0, { dir: true }) as Directory) {
    this.root = root;
  }

  /** The node, if any; refuses a path that leads through a file. */
  lookUp(key: string, index: number): KeyNode | undefined {
    let node: KeyNode = this.root;
    for (const name of splitKey(key)) {
      if (!isDirectory(node)) throw new EtcdError(104, node.path, index);
      const child = node.children.get(name);
      if (!child) return undefined;
      node = child;
    }
    return node;
  }

  /** The node; refuses a path that does not lead to one, and names the first part that is missing. */
  find(key: string, index: number): KeyNode {
    let node: KeyNode = this.root;
    for (const name of splitKey(key)) {
      if (!isDirectory(node)) throw new EtcdError(104, node.path, index);
      const child = node.children.get(name);
      if (!child) throw new EtcdError(100, node.path === '/' ? `/${name}` : `${node.path}/${name}`, index);
      node = child;
    }
    return node;
  }

  findFile(key: string, index: number): KeyNode {
    const node = this.find(key, index);
    // The root has no name on the wire.
    if (isDirectory(node)) throw new EtcdError(102, key === '/' ? '' : key, index);
    return node;
  }

  /** Makes the directories on the way too. Only for a key that `lookUp` does not refuse. */
  insert(key: string, index: number, content: { value: string } | { dir: true }): KeyNode {
    const names = key.slice(1).split('/');
    const name = names.pop()!;
    let parent = this.root;
    for (const each of names) {
      const child = parent.children.get(each) ?? newNode(parent, each, index, { dir: true });
      parent.children.set(each, child);
      parent = child as Directory; // no file: `lookUp` has refused that
    }
    const node = newNode(parent, name, index, content);
    parent.children.set(name, node);
    return node;
  }
}
