/** Values of a cloud-config as its parts need them; whatever has the wrong form is told with its line. */
import { CloudConfigError, type YamlEntry, type YamlNode, type YamlScalar } from './yaml-tree.ts';

/** Dashes and underscores mean the same in a key, as in coreos-cloudinit. */
export function settings(node: YamlNode, place: string): [string, YamlEntry][] {
  if (node.kind !== 'mapping') throw new CloudConfigError(node.line, `${place} must be a list of \`name: value\` lines.`);
  return [...node.entries].map(([key, entry]) => [key.replaceAll('-', '_'), entry]);
}

export function items(node: YamlNode, place: string): YamlNode[] {
  if (isEmpty(node)) return [];
  if (node.kind !== 'list') throw new CloudConfigError(node.line, `${place} must be a list; its items begin with a dash.`);
  return node.items;
}

export function scalar(node: YamlNode, place: string): YamlScalar {
  if (node.kind !== 'scalar') throw new CloudConfigError(node.line, `${place} must be a single value, not a ${node.kind}.`);
  return node;
}

export function text(node: YamlNode, place: string): string {
  return scalar(node, place).text;
}

export function boolean({ text, line }: YamlScalar): boolean {
  if (/^(true|yes|on)$/i.test(text)) return true;
  if (/^(false|no|off)$/i.test(text)) return false;
  throw new CloudConfigError(line, `\`${text}\` must be true or false.`);
}

export function isEmpty(node: YamlNode): boolean {
  return node.kind === 'scalar' && (node.text === '' || node.text === '~' || node.text === 'null');
}
