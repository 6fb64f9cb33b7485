// Percent specifiers, replaced when a unit is loaded.

/** What the specifiers stand for on one machine. */
export interface SpecifierFacts {
  hostname: string;
  machineId: string;
  bootId: string;
  kernel: string;
  /** The unit's `User=`, root when it has none. */
  user: string;
  home: string;
}

/** The parts of a unit's name: `foo@bar.service` is prefix `foo`, instance `bar`, suffix `.service`. */
export interface UnitName {
  full: string;
  prefix: string;
  /** Null when the name has no `@`; empty for a template. */
  instance: string | null;
  suffix: string;
}

export function parseUnitName(full: string): UnitName {
  const dot = full.lastIndexOf('.');
  const stem = dot < 0 ? full : full.slice(0, dot);
  const suffix = dot < 0 ? '' : full.slice(dot);
  const at = stem.indexOf('@');
  if (at < 0) return { full, prefix: stem, instance: null, suffix };
  return { full, prefix: stem.slice(0, at), instance: stem.slice(at + 1), suffix };
}

/** Replaces the specifiers of systemd.unit(5). Throws an Error that names a specifier nobody knows; a final lone `%` stays. */
export function expandSpecifiers(text: string, name: UnitName, facts: SpecifierFacts): string {
  return text.replace(/%(.)/gs, (written, letter: string) => {
    const value = specifier(letter, name, facts);
    if (value === null) throw new Error(`Failed to resolve unit specifiers in ${text}: ${written} is not known`);
    return value;
  });
}

function specifier(letter: string, name: UnitName, facts: SpecifierFacts): string | null {
  const instance = name.instance ?? '';
  switch (letter) {
    case '%':
      return '%';
    case 'n':
      return name.full;
    case 'N':
      return name.full.slice(0, name.full.length - name.suffix.length);
    case 'p':
      return name.prefix;
    case 'P':
      return unescapeName(name.prefix);
    case 'i':
      return instance;
    case 'I':
      return unescapeName(instance);
    case 'f':
      return `/${unescapeName(instance || name.prefix)}`;
    case 'H':
      return facts.hostname;
    case 'm':
      return facts.machineId;
    case 'b':
      return facts.bootId;
    case 'v':
      return facts.kernel;
    case 'u':
      return facts.user;
    case 'U':
      return facts.user === 'root' ? '0' : '500'; // core's number on CoreOS
    case 'h':
      return facts.home;
    case 's':
      return '/bin/bash';
    case 't':
      return '/run';
    default:
      return null;
  }
}

/** `a-b\x2dc` → `a/b-c`, as systemd-escape --unescape. */
function unescapeName(text: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const hex = /^\\x([0-9a-f]{2})/i.exec(text.slice(at, at + 4))?.[1];
    if (hex !== undefined) {
      bytes.push(Number.parseInt(hex, 16));
      at += 3;
    } else if (text[at] === '-') bytes.push(0x2f);
    else {
      const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
      bytes.push(...Buffer.from(character));
      at += character.length - 1;
    }
  }
  return Buffer.from(bytes).toString();
}
