// Which names fleet gives to units, and what it says of the others.

const types = new Set('automount busname device mount path scope service slice snapshot socket swap target timer'.split(' '));
const templateTypes = new Set(['path', 'service', 'socket', 'target', 'timer']);
const longest = 256;

/** What is wrong with the name, in fleet's words; undefined when nothing is. */
export function problemOfName(name: string): string | undefined {
  if (name === '') return 'unit name cannot be empty';
  if (name.length > longest) return `unit name exceeds maximum length (${longest})`;
  if (!name.includes('.')) return 'unit name must contain "."';
  if (name.endsWith('.')) return 'unit name cannot end in "."';
  const type = name.slice(name.lastIndexOf('.') + 1);
  if (!types.has(type)) return `invalid unit type: ${JSON.stringify(type)}`;
  if (name.includes('@') && !templateTypes.has(type)) return `invalid unit type for template: ${JSON.stringify(type)}`;
  const odd = /[^A-Za-z0-9:\-_.\\@]/u.exec(name);
  if (odd) return `invalid character '${odd[0]}' in unit name`;
  if (name.startsWith('@')) return 'unit name cannot start in "@"';
  return undefined;
}

export interface NameParts {
  /** Without the type: `web@1`. */
  base: string;
  /** Before the `@`: `web`; the same as `base` without one. */
  prefix: string;
  /** After the first `@`: `1`; undefined when the unit is no instance. */
  instance: string | undefined;
  /** `web@.service` */
  isTemplate: boolean;
}

export function partsOfName(name: string): NameParts {
  const base = name.slice(0, name.lastIndexOf('.'));
  const at = base.indexOf('@');
  if (at < 0) return { base, prefix: base, instance: undefined, isTemplate: false };
  const instance = base.slice(at + 1);
  return { base, prefix: base.slice(0, at), instance: instance || undefined, isTemplate: instance === '' };
}
