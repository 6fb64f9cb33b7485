// What etcdctl writes to stdout, in its three formats.
import type { KeyResponse, Node } from './client.ts';

export type Format = 'simple' | 'extended' | 'json';

/** All of an answer; of a directory in the simple format, that is an empty value. */
export function formatResponse(response: KeyResponse, format: Format): string {
  const { action, node, prevNode, index } = response;
  if (format === 'json') return `${JSON.stringify({ action, node: jsonNode(node), prevNode: prevNode ? jsonNode(prevNode) : null })}\n`;
  if (format === 'simple') return action === 'delete' ? `PrevNode.Value: ${prevNode?.value ?? ''}\n` : `${node.value ?? ''}\n`;
  const lines = [`Key: ${node.key ?? ''}`, `Created-Index: ${node.createdIndex ?? 0}`, `Modified-Index: ${node.modifiedIndex ?? 0}`];
  if (prevNode) lines.push(`PrevNode.Value: ${prevNode.value ?? ''}`);
  lines.push(`TTL: ${node.ttl ?? 0}`, `Index: ${index}`);
  if (action !== 'delete') lines.push('', node.value ?? '');
  return lines.map((line) => `${line}\n`).join('');
}

/** One key for each line, a file itself, of a directory what is in it. */
export function formatListing({ node }: KeyResponse, { slashes }: { slashes: boolean }): string {
  const list = (nodes: Node[] = []): string =>
    nodes.map((child) => `${child.key}${child.dir && slashes ? '/' : ''}\n${list(child.nodes)}`).join('');
  return node.dir ? list(node.nodes) : `${node.key}\n`;
}

function jsonNode({ key = '', dir, value = '', nodes, createdIndex = 0, modifiedIndex = 0, expiration, ttl }: Node): object {
  return { key, dir, value, nodes: nodes ? nodes.map(jsonNode) : null, createdIndex, modifiedIndex, expiration, ttl };
}
