// Unit files as fleet's client reads them: a flat list of options, the canonical text made of it, and its hash.
import { createHash } from 'node:crypto';
import type { UnitOption } from './fleet-client.ts';

const maxLineBytes = 2048;

/**
 * Text before the first section is ignored; a continued value keeps its backslashes and newlines.
 * Throws what fleetctl reports for a line that is too long or has no `=`, and for a section's name that does not end the line.
 */
export function parseUnitFile(text: string): UnitOption[] {
  const options: UnitOption[] = [];
  const lines = text.split('\n');
  let section: string | null = null;
  for (let index = 0; index < lines.length; index += 1) {
    const line = checkLength(lines[index]!).trimStart();
    if (line.trim() === '' || line.startsWith('#') || line.startsWith(';')) continue;
    if (line.startsWith('[')) {
      section = readSection(line);
      continue;
    }
    if (section === null) continue;
    const equals = line.indexOf('=');
    if (equals < 0) throw new Error('unexpected newline encountered while parsing option name');
    let value = line.slice(equals + 1);
    while (value.endsWith('\\') && (lines[index + 1] ?? '').trim() !== '') {
      index += 1;
      value += `\n${checkLength(lines[index]!)}`;
    }
    options.push({ section, name: line.slice(0, equals).trim(), value: value.trim() });
  }
  return options;
}

function readSection(line: string): string {
  const end = line.indexOf(']');
  if (end < 0) throw new Error('unable to find end of section');
  const garbage = line.slice(end + 1).trim();
  if (garbage !== '') throw new Error(`found garbage after section name ${line.slice(1, end)}: ${JSON.stringify(garbage)}`);
  return line.slice(1, end);
}

function checkLength(line: string): string {
  if (Buffer.byteLength(line) > maxLineBytes) throw new Error(`line too long (max ${maxLineBytes} bytes)`);
  return line;
}

/** What `fleetctl cat` prints: sections in order of first appearance, one empty line between them. */
export function unitText(options: UnitOption[]): string {
  const sections = new Map<string, string[]>();
  for (const { section, name, value } of options) {
    const lines = sections.get(section) ?? [`[${section}]`];
    sections.set(section, lines);
    lines.push(`${name}=${value}`);
  }
  return [...sections.values()].map((lines) => `${lines.join('\n')}\n`).join('\n');
}

/** 40 hexadecimal digits over the canonical text. */
export function unitHash(options: UnitOption[]): string {
  return createHash('sha1').update(unitText(options)).digest('hex');
}

export function valuesOf(options: UnitOption[], section: string, name: string): string[] {
  return options.filter((option) => option.section === section && option.name === name).map(({ value }) => value);
}

/** `[X-Fleet] Global=`: the last value counts. */
export function isGlobal(options: UnitOption[]): boolean {
  return /^(?:true|yes|1|on|t)$/i.test(valuesOf(options, 'X-Fleet', 'Global').at(-1) ?? '');
}

const unitTypes = /\.(?:service|socket|timer|path|device|mount|automount)$/;

/** The unit that an argument such as `path/to/reflector` names: `reflector.service`. */
export function unitNameOf(argument: string): string {
  const name = argument.replace(/\/+$/, '').split('/').at(-1)!;
  return unitTypes.test(name) ? name : `${name}.service`;
}

/** `web@.service` for the instance `web@1.service`; null when the name is not an instance. */
export function templateOf(name: string): string | null {
  const parts = name.match(/^([^@]+@)[^.].*?(\.[^.]+)$/) ?? name.match(/^([^@]+@).+(\.[^.]+)$/);
  return parts ? `${parts[1]}${parts[2]}` : null;
}

const requirements = ['MachineID', 'MachineOf', 'MachineMetadata', 'Conflicts', 'Global', 'Replaces'];
const oldRequirements = [
  'X-ConditionMachineID',
  'X-ConditionMachineBootID',
  'X-ConditionMachineOf',
  'X-ConditionMachineMetadata',
  'X-Conflicts',
];

/** Keys of `[X-Fleet]` that fleet does not know. */
export function unknownRequirements(options: UnitOption[]): string[] {
  const known = new Set([...requirements, ...oldRequirements]);
  return options.filter(({ section, name }) => section === 'X-Fleet' && !known.has(name)).map(({ name }) => name);
}

/** What fleet says of requirements that exclude each other; null when there is nothing to say. */
export function contradiction(options: UnitOption[]): string | null {
  const has = (...names: string[]): boolean => names.some((name) => valuesOf(options, 'X-Fleet', name).length > 0);
  const pinned = has('MachineID', 'X-ConditionMachineID', 'X-ConditionMachineBootID');
  const given = {
    Peers: has('MachineOf', 'X-ConditionMachineOf'),
    Conflicts: has('Conflicts', 'X-Conflicts'),
    Global: isGlobal(options),
    Replaces: has('Replaces'),
  };
  const clash = (name: string, others: (keyof typeof given)[]): string[] =>
    others.filter((other) => given[other]).map((other) => `${name} cannot be used with ${other}`);
  return (
    [
      ...(pinned ? clash('MachineID', ['Peers', 'Conflicts', 'Global', 'Replaces']) : []),
      ...(given.Global ? clash('Global', ['Peers', 'Replaces']) : []),
      ...(given.Conflicts ? clash('Conflicts', ['Replaces']) : []),
    ][0] ?? null
  );
}
