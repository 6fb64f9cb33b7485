// What `systemctl list-unit-files` and `list-dependencies` print.
import type { UnitStatus } from './unit-status.ts';

/** What belongs to the machine itself has no file, and is not listed. */
export function unitFilesText(units: UnitStatus[], type: string | undefined, legend: boolean): string {
  const files = units.filter(({ name, path, load }) => (path !== null || load === 'masked') && (!type || name.endsWith(`.${type}`)));
  const rows = files.map(({ name, enabled }) => [name, enabled] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  const width = Math.max('UNIT FILE'.length, ...rows.map(([name]) => name.length));
  const lines = rows.map(([name, state]) => `${name.padEnd(width)} ${state}`);
  return legend
    ? `${[`${'UNIT FILE'.padEnd(width)} STATE`, ...lines, '', `${rows.length} unit files listed.`].join('\n')}\n`
    : unended(lines);
}

/** What a unit pulls in, as a tree; with `reverse`, what pulls it in. */
export function dependencyText(units: UnitStatus[], name: string, { reverse, plain }: { reverse: boolean; plain: boolean }): string {
  const pulls = ['Requires', 'Requisite', 'Wants', 'BindsTo'];
  const pulledBy = (unit: UnitStatus) =>
    unit.declared.filter(([key]) => pulls.includes(key)).flatMap(([, names]) => names.split(' ').filter((each) => each !== ''));
  const next = (of: string): string[] => {
    const found = reverse
      ? units.filter((unit) => pulledBy(unit).includes(of)).map((unit) => unit.name)
      : units.filter((unit) => unit.name === of).flatMap(pulledBy);
    return [...new Set(found)].sort();
  };
  const lines = [name];
  const walk = (of: string, indent: string, path: string[]) => {
    const names = next(of).filter((each) => !path.includes(each));
    names.forEach((each, index) => {
      const last = index === names.length - 1;
      lines.push(plain ? `${'  '.repeat(path.length)}${each}` : `${indent}${last ? '└─' : '├─'}${each}`);
      walk(each, `${indent}${last ? '  ' : '│ '}`, [...path, each]);
    });
  };
  walk(name, '', [name]);
  return unended(lines);
}

function unended(lines: string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
