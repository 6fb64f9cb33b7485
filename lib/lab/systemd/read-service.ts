// Reads a .service file and its drop-ins: what they ask for, and what is wrong with them.
import { applyDirective } from './directives.ts';
import { type Problem, parseUnit } from './parse-unit.ts';
import { defaultSettings, type ServiceSettings } from './service-settings.ts';
import { expandSpecifiers, parseUnitName, type SpecifierFacts } from './specifiers.ts';
import { IgnoredLine } from './words.ts';

/** `settings` is null when a problem is an error: the unit's load state is `error` then. */
export interface LoadedService {
  settings: ServiceSettings | null;
  problems: Problem[];
}

/** A file beside the unit's own, whose lines are added to it. */
export interface DropIn {
  /** Inside the machine. */
  path: string;
  text: string;
}

/** Reads a .service file. Never throws. */
export function readService(
  name: string,
  text: string,
  machine: Omit<SpecifierFacts, 'user' | 'home'>,
  dropIns: readonly DropIn[] = [],
): LoadedService {
  const files = [parseUnit(text), ...dropIns.map(({ path, text: added }) => parseUnit(added, path))];
  const assignments = files.flatMap((file) => file.assignments);
  const problems = files.flatMap((file) => file.problems);
  const user = assignments.findLast(({ section, key }) => section === 'Service' && key === 'User')?.value || 'root';
  const facts = { ...machine, user, home: user === 'root' ? '/root' : `/home/${user}` };
  const unitName = parseUnitName(name);
  const settings = defaultSettings(name);
  const reader = { settings, written: new Set<string>(), resolve: (word: string) => expandSpecifiers(word, unitName, facts) };
  for (const assignment of assignments) {
    const { line, path } = assignment;
    const report = (severity: Problem['severity'], message: string) =>
      problems.push({ severity, line, message, ...(path !== undefined && { path }) });
    try {
      applyDirective(reader, assignment, (message) => report('warning', message));
    } catch (error) {
      report(error instanceof IgnoredLine ? 'warning' : 'error', (error as Error).message);
    }
  }
  // Waiting for a oneshot unit is waiting for its work, which may take as long as it takes.
  if (settings.type === 'oneshot' && !reader.written.has('TimeoutStartSec')) settings.timeoutStart = Number.POSITIVE_INFINITY;
  const refusal = refuse(name, settings);
  if (refusal) problems.push({ severity: 'error', line: null, message: refusal });
  return { settings: problems.some(({ severity }) => severity === 'error') ? null : settings, problems };
}

/** The rules that make systemd refuse a unit as a whole. */
function refuse(name: string, { type, exec, remainAfterExit, restart }: ServiceSettings): string | null {
  if (exec.start.length === 0 && exec.stop.length === 0) return `${name} lacks both ExecStart= and ExecStop= setting. Refusing.`;
  if (exec.start.length === 0 && !remainAfterExit)
    return `${name} has no ExecStart= setting, which is only allowed for RemainAfterExit=yes services. Refusing.`;
  if (exec.start.length === 0 && type !== 'oneshot')
    return `${name} has no ExecStart= setting, which is only allowed for Type=oneshot services. Refusing.`;
  if (type === 'oneshot') {
    return restart === 'always' || restart === 'on-success'
      ? `${name} has Restart= set to either always or on-success, which isn't allowed for Type=oneshot services. Refusing.`
      : null;
  }
  return exec.start.length > 1
    ? `${name} has more than one ExecStart= setting, which is only allowed for Type=oneshot services. Refusing.`
    : null;
}
