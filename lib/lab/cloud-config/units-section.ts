/** `coreos.units`. */

import { CloudConfigError, type YamlNode, type YamlScalar } from './yaml-tree.ts';
import { boolean, items, scalar, settings, text } from './yaml-values.ts';

export interface CloudUnit {
  name: string;
  content: string | null;
  command: UnitCommand | null;
  enable: boolean;
  mask: boolean;
  /** The file belongs in /run, and is gone after the next boot. */
  runtime: boolean;
  dropIns: { name: string; content: string }[];
  line: number;
}

const unitCommands = ['start', 'stop', 'restart', 'reload', 'try-restart', 'reload-or-restart', 'reload-or-try-restart'] as const;
export type UnitCommand = (typeof unitCommands)[number];

export function readUnit(node: YamlNode): CloudUnit {
  const unit: CloudUnit = {
    ...{ name: '', content: null, command: null, enable: false, mask: false, runtime: false },
    dropIns: [],
    line: node.line,
  };
  for (const [key, { line, value }] of settings(node, 'coreos.units')) {
    if (key === 'name') unit.name = unitName(scalar(value, 'name'));
    else if (key === 'content') unit.content = text(value, key);
    else if (key === 'command') unit.command = unitCommand(scalar(value, key));
    else if (key === 'enable') unit.enable = boolean(scalar(value, key));
    else if (key === 'mask') unit.mask = boolean(scalar(value, key));
    else if (key === 'runtime') unit.runtime = boolean(scalar(value, key));
    else if (key === 'drop_ins') unit.dropIns = items(value, key).map(readDropIn);
    else
      throw new CloudConfigError(
        line,
        `\`${key}\` is not a setting of a unit. There are name, content, command, enable, runtime, mask and drop-ins.`,
      );
  }
  if (unit.name === '') throw new CloudConfigError(node.line, 'this unit has no name.');
  return unit;
}

function readDropIn(node: YamlNode): { name: string; content: string } {
  const entries = new Map(settings(node, 'drop-ins'));
  const [name, content] = [entries.get('name'), entries.get('content')];
  if (!name || !content) throw new CloudConfigError(node.line, 'a drop-in needs a name and a content.');
  const file = scalar(name.value, 'name');
  if (!/^[\w:.@\\-]{1,250}\.conf$/.test(file.text)) {
    throw new CloudConfigError(file.line, `\`${file.text}\` is not a drop-in's name; it ends in .conf.`);
  }
  return { name: file.text, content: text(content.value, 'content') };
}

function unitName({ text, line }: YamlScalar): string {
  if (/^[\w:.@\\-]{1,255}\.(service|socket|timer|path|device|mount|automount|target|network|netdev|link)$/.test(text)) return text;
  throw new CloudConfigError(line, `\`${text}\` is not a unit's name; it ends in .service, .socket or another of systemd's kinds.`);
}

function unitCommand({ text, line }: YamlScalar): UnitCommand {
  const command = unitCommands.find((candidate) => candidate === text);
  if (command) return command;
  throw new CloudConfigError(line, `\`${text}\` is not a command for a unit. There are ${unitCommands.join(', ')}.`);
}
