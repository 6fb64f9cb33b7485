/** What a cloud-config writes into files: `write_files`, and the sections that coreos-cloudinit turns into a file. */

import { CloudConfigError, type YamlNode } from './yaml-tree.ts';
import { isEmpty, scalar, settings, text } from './yaml-values.ts';

export interface CloudFile {
  path: string;
  content: string;
  /** Permission bits. */
  mode: number;
}

export function readFile(node: YamlNode): CloudFile {
  const entries = new Map(settings(node, 'write_files'));
  const value = (key: string) => {
    const entry = entries.get(key);
    return entry && !isEmpty(entry.value) ? scalar(entry.value, key) : null;
  };
  for (const [key, { line }] of entries) {
    if (!['path', 'content', 'permissions', 'encoding', 'owner'].includes(key))
      throw new CloudConfigError(line, `\`${key}\` is not a setting of a file. There are path, content, permissions, encoding and owner.`);
  }
  const path = value('path');
  if (!path) throw new CloudConfigError(node.line, 'this file has no path.');
  if (!path.text.startsWith('/') || path.text.includes('\0'))
    throw new CloudConfigError(path.line, `\`${path.text}\` must begin with a slash.`);
  const permissions = value('permissions');
  if (permissions && !/^0?[0-7]{3}$/.test(permissions.text)) {
    throw new CloudConfigError(permissions.line, `permissions are octal, such as 0644; \`${permissions.text}\` is not.`);
  }
  const encoding = value('encoding');
  if (encoding && !/^(base64|b64)$/.test(encoding.text)) {
    throw new CloudConfigError(encoding.line, `the encoding \`${encoding.text}\` is not understood; base64 is.`);
  }
  const content = value('content')?.text ?? '';
  return {
    path: path.text,
    content: encoding ? Buffer.from(content, 'base64').toString() : content,
    mode: permissions ? Number.parseInt(permissions.text, 8) : 0o644,
  };
}

const rebootStrategies = ['best-effort', 'etcd-lock', 'reboot', 'off', 'false'];

/** `coreos.update` is /etc/coreos/update.conf; nobody in the lab reads it, as its machines are never updated. */
export function readUpdate(node: YamlNode): CloudFile {
  const lines = (isEmpty(node) ? [] : settings(node, 'coreos.update')).map(([key, { line, value }]) => {
    if (!['group', 'server', 'reboot_strategy'].includes(key))
      throw new CloudConfigError(line, `\`${key}\` is not a setting of coreos.update. There are reboot-strategy, group and server.`);
    const setting = text(value, key);
    if (key === 'reboot_strategy' && !rebootStrategies.includes(setting))
      throw new CloudConfigError(line, `\`${setting}\` is not a reboot strategy. There are ${rebootStrategies.slice(0, 4).join(', ')}.`);
    // YAML of that time took a bare `off` for false; coreos-cloudinit writes what was meant.
    return `${key.toUpperCase()}=${setting === 'false' ? 'off' : setting}\n`;
  });
  return { path: '/etc/coreos/update.conf', content: lines.join(''), mode: 0o644 };
}
