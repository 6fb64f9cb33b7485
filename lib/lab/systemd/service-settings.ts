// What a .service file asks for, read from its assignments, with systemd's defaults for what it does not say.
import { constants } from 'node:os';
import { type Command, parseCommandLine } from './command-line.ts';
import { environmentName } from './environment-file.ts';
import { isKnownDirective } from './known-directives.ts';
import { type Assignment, type Problem, parseUnit } from './parse-unit.ts';
import { expandSpecifiers, parseUnitName, type SpecifierFacts } from './specifiers.ts';
import { parseTimeSpan } from './time-span.ts';
import { IgnoredLine, splitPlain, splitWords } from './words.ts';

const restartModes = ['no', 'on-success', 'on-failure', 'on-abnormal', 'on-watchdog', 'on-abort', 'always'] as const;
const killModes = ['control-group', 'mixed', 'process', 'none'] as const;
const dependencyKinds = ['Requires', 'Requisite', 'Wants', 'BindsTo', 'PartOf', 'Conflicts', 'After', 'Before'] as const;
const execPhases = {
  ExecStartPre: 'start-pre',
  ExecStart: 'start',
  ExecStartPost: 'start-post',
  ExecStop: 'stop',
  ExecStopPost: 'stop-post',
} as const;

export type RestartMode = (typeof restartModes)[number];
export type KillMode = (typeof killModes)[number];
export type DependencyKind = (typeof dependencyKinds)[number];
export type ExecPhase = (typeof execPhases)[keyof typeof execPhases];

/** Durations in milliseconds, Infinity for no limit. */
export interface ServiceSettings {
  description: string;
  /** Has something in [Install], so that it can be enabled. */
  installable: boolean;
  dependencies: Record<DependencyKind, string[]>;
  /** `notify`, `dbus` and `idle` units count as simple: nothing in the lab listens to what they would say. */
  type: 'simple' | 'oneshot' | 'forking';
  remainAfterExit: boolean;
  exec: Record<ExecPhase, Command[]>;
  environment: Record<string, string>;
  environmentFiles: { path: string; optional: boolean }[];
  workingDirectory: { path: string; optional: boolean } | null;
  user: string | null;
  pidFile: string | null;
  syslogIdentifier: string | null;
  restart: RestartMode;
  restartSec: number;
  timeoutStart: number;
  timeoutStop: number;
  startLimit: { interval: number; burst: number };
  killMode: KillMode;
  killSignal: NodeJS.Signals;
  sendSigkill: boolean;
  /** Exit statuses and signal names that count as success besides the usual ones; likewise for the two that govern restarts. */
  successStatus: (number | string)[];
  restartPreventStatus: (number | string)[];
  restartForceStatus: (number | string)[];
}

/** `settings` is null when a problem is an error: the unit's load state is `error` then. */
export interface LoadedService {
  settings: ServiceSettings | null;
  problems: Problem[];
}

/** Reads a .service file. Never throws. */
export function readService(name: string, text: string, machine: Omit<SpecifierFacts, 'user' | 'home'>): LoadedService {
  const { assignments, problems } = parseUnit(text);
  const user = assignments.findLast(({ section, key }) => section === 'Service' && key === 'User')?.value || 'root';
  const facts = { ...machine, user, home: user === 'root' ? '/root' : `/home/${user}` };
  const unitName = parseUnitName(name);
  const reader: Reader = {
    settings: defaults(name),
    timeoutStartWritten: false,
    resolve: (word) => expandSpecifiers(word, unitName, facts),
  };
  for (const assignment of assignments) {
    const report = (severity: Problem['severity'], message: string) => problems.push({ severity, line: assignment.line, message });
    if (!isKnownDirective(assignment.section, assignment.key)) {
      report('warning', `Unknown key '${assignment.key}' in section [${assignment.section}], ignoring.`);
      continue;
    }
    try {
      assign(reader, assignment, (message) => report('warning', message));
    } catch (error) {
      report(error instanceof IgnoredLine ? 'warning' : 'error', (error as Error).message);
    }
  }
  const { settings } = reader;
  // Waiting for a oneshot unit is waiting for its work, which may take as long as it takes.
  if (settings.type === 'oneshot' && !reader.timeoutStartWritten) settings.timeoutStart = Number.POSITIVE_INFINITY;
  const refusal = refuse(name, settings);
  if (refusal) problems.push({ severity: 'error', line: null, message: refusal });
  return { settings: problems.some(({ severity }) => severity === 'error') ? null : settings, problems };
}

interface Reader {
  settings: ServiceSettings;
  timeoutStartWritten: boolean;
  resolve: (word: string) => string;
}

function assign(reader: Reader, { section, key, value }: Assignment, warn: (message: string) => void): void {
  const { settings, resolve } = reader;
  if (section === 'Install') {
    settings.installable ||= key !== 'Also' && key !== 'DefaultInstance';
    return;
  }
  const dependency = dependencyKinds.find((kind) => kind === key);
  if (dependency) {
    settings.dependencies[dependency].push(...splitPlain(value).map(resolve));
    return;
  }
  if (Object.hasOwn(execPhases, key)) {
    const phase = execPhases[key as keyof typeof execPhases];
    if (value === '') settings.exec[phase] = [];
    else {
      const { commands, warnings } = parseCommandLine(value, resolve);
      settings.exec[phase].push(...commands);
      warnings.forEach(warn);
    }
    return;
  }
  switch (key) {
    case 'Description':
      settings.description = resolve(value);
      return;
    case 'Type':
      settings.type = readType(value, warn);
      return;
    case 'RemainAfterExit':
      settings.remainAfterExit = readBoolean(value);
      return;
    case 'SendSIGKILL':
      settings.sendSigkill = readBoolean(value);
      return;
    case 'Environment':
      if (value === '') settings.environment = {};
      else for (const word of splitWords(value).words) addEnvironment(settings.environment, resolve(word.text), warn);
      return;
    case 'EnvironmentFile':
      if (value === '') settings.environmentFiles = [];
      else settings.environmentFiles.push(readOptionalPath(key, resolve(value), true));
      return;
    case 'WorkingDirectory':
      settings.workingDirectory = value === '' ? null : readOptionalPath(key, resolve(value), false);
      return;
    case 'User':
      settings.user = value === '' ? null : resolve(value);
      return;
    case 'PIDFile':
      settings.pidFile = value === '' ? null : resolve(value.startsWith('/') ? value : `/run/${value}`);
      return;
    case 'SyslogIdentifier':
      settings.syslogIdentifier = value === '' ? null : resolve(value);
      return;
    case 'Restart':
      settings.restart = readChoice(restartModes, value, 'service restart specifier');
      return;
    case 'KillMode':
      settings.killMode = readChoice(killModes, value, 'kill mode specification');
      return;
    case 'KillSignal':
      settings.killSignal = readSignal(value);
      return;
    case 'RestartSec':
      settings.restartSec = readTime(key, value);
      return;
    case 'TimeoutSec':
    case 'TimeoutStartSec':
    case 'TimeoutStopSec': {
      const limit = readTime(key, value) || Number.POSITIVE_INFINITY;
      if (key !== 'TimeoutStartSec') settings.timeoutStop = limit;
      if (key === 'TimeoutStopSec') return;
      settings.timeoutStart = limit;
      reader.timeoutStartWritten = true;
      return;
    }
    case 'StartLimitInterval':
    case 'StartLimitIntervalSec':
      settings.startLimit.interval = readTime(key, value);
      return;
    case 'StartLimitBurst':
      if (!/^\d{1,9}$/.test(value)) throw new IgnoredLine(`Failed to parse ${key}= value, ignoring: ${value}`);
      settings.startLimit.burst = Number(value);
      return;
    case 'SuccessExitStatus':
      settings.successStatus = addStatuses(settings.successStatus, value, warn);
      return;
    case 'RestartPreventExitStatus':
      settings.restartPreventStatus = addStatuses(settings.restartPreventStatus, value, warn);
      return;
    case 'RestartForceExitStatus':
      settings.restartForceStatus = addStatuses(settings.restartForceStatus, value, warn);
  }
}

function defaults(name: string): ServiceSettings {
  return {
    description: name,
    installable: false,
    dependencies: { Requires: [], Requisite: [], Wants: [], BindsTo: [], PartOf: [], Conflicts: [], After: [], Before: [] },
    type: 'simple',
    remainAfterExit: false,
    exec: { 'start-pre': [], start: [], 'start-post': [], stop: [], 'stop-post': [] },
    environment: {},
    environmentFiles: [],
    workingDirectory: null,
    user: null,
    pidFile: null,
    syslogIdentifier: null,
    restart: 'no',
    restartSec: 100,
    timeoutStart: 90_000,
    timeoutStop: 90_000,
    startLimit: { interval: 10_000, burst: 5 },
    killMode: 'control-group',
    killSignal: 'SIGTERM',
    sendSigkill: true,
    successStatus: [],
    restartPreventStatus: [],
    restartForceStatus: [],
  };
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

function readType(value: string, warn: (message: string) => void): ServiceSettings['type'] {
  if (value === 'simple' || value === 'oneshot' || value === 'forking') return value;
  if (!['notify', 'dbus', 'idle', 'exec'].includes(value)) throw new IgnoredLine(`Failed to parse service type, ignoring: ${value}`);
  if (value === 'notify' || value === 'dbus') warn(`Type=${value} is treated as simple: the lab's machines do not listen for readiness.`);
  return 'simple';
}

function readBoolean(value: string): boolean {
  if (/^(1|yes|y|true|t|on)$/i.test(value)) return true;
  if (/^(0|no|n|false|f|off)$/i.test(value)) return false;
  throw new IgnoredLine(`Failed to parse boolean value, ignoring: ${value}`);
}

function readChoice<Choice extends string>(choices: readonly Choice[], value: string, what: string): Choice {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) throw new IgnoredLine(`Failed to parse ${what}, ignoring: ${value}`);
  return choice;
}

function readTime(key: string, value: string): number {
  const milliseconds = parseTimeSpan(value);
  if (milliseconds === null) throw new IgnoredLine(`Failed to parse ${key}= parameter, ignoring: ${value}`);
  return milliseconds;
}

function readSignal(value: string): NodeJS.Signals {
  const signal = signalName(value);
  if (signal === null) throw new IgnoredLine(`Failed to parse signal name, ignoring: ${value}`);
  return signal;
}

/** `TERM`, `SIGTERM` and `15` → `SIGTERM`. */
function signalName(text: string): NodeJS.Signals | null {
  const names = Object.entries(constants.signals);
  const [name] = names.find(([signal, number]) => signal === text || signal === `SIG${text}` || `${number}` === text) ?? [];
  return (name as NodeJS.Signals | undefined) ?? null;
}

/** A leading `-` says that the path may be missing. A relative path is skipped for a file and fatal for a directory, as in systemd. */
function readOptionalPath(key: string, value: string, skipRelative: boolean): { path: string; optional: boolean } {
  const optional = value.startsWith('-');
  const path = optional ? value.slice(1) : value;
  if (path === '~') return { path: '/home/core', optional };
  if (path.startsWith('/')) return { path, optional };
  if (skipRelative) throw new IgnoredLine(`${key}= path is not absolute, ignoring: ${path}`);
  throw new Error(`${key}= path is not absolute: ${path}`);
}

function addEnvironment(environment: Record<string, string>, assignment: string, warn: (message: string) => void): void {
  const equals = assignment.indexOf('=');
  const name = assignment.slice(0, Math.max(0, equals));
  if (environmentName.test(name)) environment[name] = assignment.slice(equals + 1);
  else warn(`Invalid environment assignment, ignoring: ${assignment}`);
}

function addStatuses(before: (number | string)[], value: string, warn: (message: string) => void): (number | string)[] {
  if (value === '') return [];
  const statuses = [...before];
  for (const word of splitPlain(value)) {
    const signal = /^\d+$/.test(word) ? null : signalName(word);
    if (/^\d+$/.test(word) && Number(word) <= 255) statuses.push(Number(word));
    else if (signal) statuses.push(signal);
    else warn(`Failed to parse exit status specifier, ignoring: ${word}`);
  }
  return statuses;
}
