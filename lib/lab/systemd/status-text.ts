// What `systemctl status`, `list-units` and `show` print of a unit.
import { formatAge, formatTimestamp } from '#lib/lab/journal/format.ts';
import { describeExecution, type UnitStatus } from './unit-status.ts';

export interface Paint {
  good(text: string): string;
  bad(text: string): string;
}

export const plain: Paint = { good: (text) => text, bad: (text) => text };
export const coloured: Paint = { good: (text) => `\x1b[1;32m${text}\x1b[0m`, bad: (text) => `\x1b[1;31m${text}\x1b[0m` };

/** The block above the journal's lines. `now` in milliseconds since 1970. */
export function statusText(unit: UnitStatus, now: number, paint: Paint): string {
  const mark =
    unit.active === 'active' ? paint.good : unit.active === 'failed' || unit.load === 'error' ? paint.bad : (text: string) => text;
  const lines = [
    `${mark('●')} ${unit.name}${unit.description === unit.name ? '' : ` - ${unit.description}`}`,
    `   Loaded: ${loadedText(unit, paint)}`,
  ];
  if (unit.dropIns.length > 0) {
    const names = unit.dropIns.map((dropIn) => dropIn.path.slice(dropIn.path.lastIndexOf('/') + 1));
    lines.push(`  Drop-In: ${unit.path}.d`, `           └─${names.join(', ')}`);
  }
  lines.push(`   Active: ${activeText(unit, now, mark)}`);
  if (unit.failedCheck && unit.active === 'inactive') {
    const { text, assert, at } = unit.failedCheck;
    const when = `${formatTimestamp(at)}; ${formatAge(Math.max(0, now - at))}`;
    lines.push(`           start ${assert ? 'assertion' : 'condition'} failed at ${when}`, `           ${text} was not met`);
  }
  lines.push(...unit.documentation.map((text, index) => `${index === 0 ? '     Docs:' : '          '} ${text}`));
  for (const execution of unit.finished) {
    lines.push(`  Process: ${execution.pid} ${execution.directive}=${execution.written} ${describeExecution(execution)}`);
  }
  if (unit.main && unit.main.pid > 0) lines.push(` Main PID: ${unit.main.pid} ${describeExecution(unit.main)}`);
  if (unit.control) lines.push(`  Control: ${unit.control.pid} (${unit.control.program})`);
  if (unit.processes.length > 0) lines.push(...groupText(unit));
  return `${lines.join('\n')}\n`;
}

function loadedText({ load, path, enabled, loadError }: UnitStatus, paint: Paint): string {
  if (load === 'error') return `${paint.bad('error')} (Reason: ${loadError ?? 'Invalid argument'})`;
  if (load === 'masked') return 'masked (/dev/null)';
  return path === null ? load : `${load} (${path}; ${enabled})`;
}

function activeText({ active, sub, result, since }: UnitStatus, now: number, mark: (text: string) => string): string {
  const reason = result === 'success' || active === 'active' ? '' : ` (Result: ${result})`;
  const word = active === 'failed' ? `failed${reason}` : `${active} (${sub})${reason}`;
  return since === null ? mark(word) : `${mark(word)} since ${formatTimestamp(since)}; ${formatAge(Math.max(0, now - since))}`;
}

function groupText({ name, processes }: UnitStatus): string[] {
  const width = `${processes.at(-1)!.pid}`.length;
  const tree = processes.map(({ pid, command }, index) => {
    const branch = index === processes.length - 1 ? '└─' : '├─';
    return `           ${branch}${`${pid}`.padStart(width)} ${command}`;
  });
  return [`   CGroup: /system.slice/${name}`, ...tree];
}

/** Inactive units are left out unless `all`; failed ones are marked. */
export function listText(units: UnitStatus[], { all, legend, paint }: { all: boolean; legend: boolean; paint: Paint }): string {
  const shown = units.filter(({ active }) => all || active !== 'inactive').sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = shown.map(({ name, load, active, sub, description }) => [name, load, active, sub, description]);
  const header = ['UNIT', 'LOAD', 'ACTIVE', 'SUB', 'DESCRIPTION'];
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const marked = shown.some(isBroken);
  const line = (cells: string[]) =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column]!))).join(' ');
  const lines = rows.map((row, index) => {
    if (!isBroken(shown[index]!)) return `${marked ? '  ' : ''}${line(row)}`;
    return `${paint.bad('●')} ${line(row)}`;
  });
  if (!legend) return lines.map((text) => `${text}\n`).join('');
  const explanation = [
    '',
    'LOAD   = Reflects whether the unit definition was properly loaded.',
    'ACTIVE = The high-level unit activation state, i.e. generalization of SUB.',
    'SUB    = The low-level unit activation state, values depend on unit type.',
    '',
    `${shown.length} loaded units listed.${all ? '' : ' Pass --all to see loaded but inactive units, too.'}`,
    "To show all installed unit files use 'systemctl list-unit-files'.",
  ];
  return `${[`${marked ? '  ' : ''}${line(header)}`, ...lines, ...explanation].join('\n')}\n`;
}

function isBroken({ active, load }: UnitStatus): boolean {
  return active === 'failed' || load === 'error';
}
