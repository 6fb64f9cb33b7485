// What `systemctl show` prints of a unit: what became of it, and what its file says.
import { formatTimestamp } from '#lib/lab/journal/format.ts';
import { type DependencyKind, execPhases, type ServiceSettings } from './service-settings.ts';
import { formatTimeSpan } from './time-span.ts';
import type { UnitStatus } from './unit-status.ts';

type Property = [name: string, value: string];

/** In systemctl's order, as far as it has one. */
export function properties(unit: UnitStatus): Property[] {
  const exit = unit.main?.exit ?? null;
  const running = unit.main && !exit ? unit.main.pid : 0;
  return [
    ['Id', unit.name],
    ['Names', unit.name],
    ['Description', unit.description],
    ['LoadState', unit.load],
    ['ActiveState', unit.active],
    ['SubState', unit.sub],
    ['FragmentPath', unit.path ?? ''],
    ['DropInPaths', unit.dropIns.map(({ path }) => path).join(' ')],
    ['UnitFileState', unit.enabled],
    ['Documentation', unit.documentation.join(' ')],
    ...(['InactiveExit', 'ActiveEnter', 'ActiveExit', 'InactiveEnter'] as const).map(
      (name): Property => [`${name}Timestamp`, timestamp(unit.times[name])],
    ),
    ['ConditionResult', yesNo(unit.failedCheck === null || unit.failedCheck.assert)],
    ['AssertResult', yesNo(!unit.failedCheck?.assert)],
    ['Result', unit.result],
    ['NRestarts', `${unit.restarts}`],
    ['MainPID', `${running}`],
    ['ControlPID', `${unit.control?.pid ?? 0}`],
    ['ExecMainPID', `${unit.main?.pid ?? 0}`],
    ['ExecMainStartTimestamp', timestamp(unit.main?.startedAt)],
    ['ExecMainExitTimestamp', timestamp(unit.main?.endedAt)],
    ['ExecMainCode', exit === null ? '0' : exit.code === 'exited' ? '1' : '2'],
    ['ExecMainStatus', exit?.code === 'exited' ? `${exit.status}` : '0'],
    ['StateChangeTimestamp', timestamp(unit.since)],
    ['ControlGroup', unit.processes.length > 0 ? `/system.slice/${unit.name}` : ''],
    ...unit.declared,
    ...(unit.loadError === null ? [] : [['LoadError', unit.loadError] satisfies Property]),
  ];
}

/** What the unit file comes to, with the defaults for what it does not say. */
export function declaredProperties(settings: ServiceSettings): Property[] {
  const listed = (Object.entries(settings.dependencies) as [DependencyKind, string[]][]).map(
    ([kind, names]): Property => [kind, names.join(' ')],
  );
  const commands = Object.entries(execPhases).flatMap(([directive, phase]) =>
    settings.exec[phase].map(
      ({ path, written, ignoreFailure }): Property => [
        directive,
        `{ path=${path} ; argv[]=${written} ; ignore_errors=${yesNo(ignoreFailure)} }`,
      ],
    ),
  );
  return [
    ['Type', settings.type],
    ['Restart', settings.restart],
    ['RestartUSec', formatTimeSpan(settings.restartSec)],
    ['TimeoutStartUSec', limit(settings.timeoutStart)],
    ['TimeoutStopUSec', limit(settings.timeoutStop)],
    ['StartLimitInterval', formatTimeSpan(settings.startLimit.interval)],
    ['StartLimitBurst', `${settings.startLimit.burst}`],
    ['RemainAfterExit', yesNo(settings.remainAfterExit)],
    ['PIDFile', settings.pidFile ?? ''],
    ...commands,
    [
      'Environment',
      Object.entries(settings.environment)
        .map(([name, value]) => quoted(`${name}=${value}`))
        .join(' '),
    ],
    ...settings.environmentFiles.map(({ path, optional }): Property => ['EnvironmentFile', `${path} (ignore_errors=${yesNo(optional)})`]),
    ['WorkingDirectory', settings.workingDirectory?.path ?? ''],
    ['User', settings.user ?? ''],
    ['KillMode', settings.killMode],
    ['KillSignal', settings.killSignal],
    ['SendSIGKILL', yesNo(settings.sendSigkill)],
    ['SendSIGHUP', yesNo(settings.sendSighup)],
    ...listed,
    ['CanStart', yesNo(!settings.refuseManualStart)],
    ['CanStop', yesNo(!settings.refuseManualStop)],
    ['CanReload', yesNo(settings.exec.reload.length > 0)],
  ];
}

/** No limit is a zero, as systemd of that time printed it. */
function limit(milliseconds: number): string {
  return milliseconds === Number.POSITIVE_INFINITY ? '0' : formatTimeSpan(milliseconds);
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

function quoted(text: string): string {
  return /\s/.test(text) ? JSON.stringify(text) : text;
}

function timestamp(time: number | null | undefined): string {
  return time === null || time === undefined ? '' : formatTimestamp(time);
}
