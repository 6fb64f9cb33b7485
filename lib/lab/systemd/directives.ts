// Every directive that the lab follows, and what it does to the settings. The others are told apart: what nobody would miss, what the
// lab cannot do, and what systemd does not know either.
import { parseCommandLine } from './command-line.ts';
import { readCheck } from './conditions.ts';
import { addStatuses, readBoolean, readChoice, readOptionalPath, readSignal, readTime } from './directive-values.ts';
import { environmentName } from './environment-file.ts';
import { isInert, isKnownDirective } from './known-directives.ts';
import type { Assignment } from './parse-unit.ts';
import { dependencyKinds, type ExecPhase, execPhases, killModes, restartModes, type ServiceSettings } from './service-settings.ts';
import { IgnoredLine, splitPlain, splitWords } from './words.ts';

interface Reader {
  settings: ServiceSettings;
  /** The directives that make a difference by being there. */
  written: Set<string>;
  /** Expands the specifiers. */
  resolve(word: string): string;
}

type Warn = (message: string) => void;
type Apply = (reader: Reader, value: string, warn: Warn, key: string) => void;

/** Throws an IgnoredLine for a line to be skipped, another Error for one that spoils the unit. */
export function applyDirective(reader: Reader, { section, key, value }: Assignment, warn: Warn): void {
  if (!isKnownDirective(section, key)) throw new IgnoredLine(`Unknown lvalue '${key}' in section '${section}'`);
  const follow = followed[section];
  if (follow && Object.hasOwn(follow, key)) follow[key]!(isFatal(key) ? reader : forgiving(reader), value, warn, key);
  else if (section === 'Unit' && /^(Condition|Assert)/.test(key)) addCheck(forgiving(reader), value, warn, key);
  else if (!isInert(section, key, value)) throw new IgnoredLine(`${key}= is not supported in this lab, ignoring: ${value}`);
}

/** A specifier that nobody knows spoils a command, and the directory that it runs in. */
function isFatal(key: string): boolean {
  return key.startsWith('Exec') || key === 'WorkingDirectory';
}

/** Elsewhere the line is skipped. */
function forgiving(reader: Reader): Reader {
  const resolve = (word: string) => {
    try {
      return reader.resolve(word);
    } catch (error) {
      throw new IgnoredLine(`${(error as Error).message}, ignoring`);
    }
  };
  return { ...reader, resolve };
}

const addCheck: Apply = ({ settings, resolve }, value, _warn, key) => {
  if (value === '') settings.checks = [];
  else settings.checks.push(readCheck(key, value, resolve));
};

const addDependency: Apply = ({ settings, resolve }, value, _warn, key) => {
  settings.dependencies[key as keyof ServiceSettings['dependencies']].push(...splitPlain(value).map(resolve));
};

const addCommands: Apply = ({ settings, resolve }, value, warn, key) => {
  const phase: ExecPhase = execPhases[key as keyof typeof execPhases];
  if (value === '') settings.exec[phase] = [];
  else {
    const { commands, warnings } = parseCommandLine(value, resolve);
    settings.exec[phase].push(...commands);
    warnings.forEach(warn);
  }
};

const setTimeLimit: Apply = (reader, value, _warn, key) => {
  const limit = readTime(key, value) || Number.POSITIVE_INFINITY;
  if (key !== 'TimeoutStartSec') reader.settings.timeoutStop = limit;
  if (key === 'TimeoutStopSec') return;
  reader.settings.timeoutStart = limit;
  reader.written.add('TimeoutStartSec');
};

const setStartLimitInterval: Apply = ({ settings }, value, _warn, key) => {
  settings.startLimit.interval = readTime(key, value);
};

const setStartLimitBurst: Apply = ({ settings }, value, _warn, key) => {
  if (!/^\d{1,9}$/.test(value)) throw new IgnoredLine(`Failed to parse ${key}= value, ignoring: ${value}`);
  settings.startLimit.burst = Number(value);
};

/** Whether it stands in [Unit] or, as in 2014, in [Service]. */
const startLimits: Record<string, Apply> = {
  StartLimitInterval: setStartLimitInterval,
  StartLimitIntervalSec: setStartLimitInterval,
  StartLimitBurst: setStartLimitBurst,
};

const setInstallable: Apply = ({ settings }, value) => {
  settings.installable ||= value !== '';
};

const setInstalledFor: Apply = (reader, value, warn, key) => {
  setInstallable(reader, value, warn, key);
  reader.settings.installedFor.push(...splitPlain(value).map(reader.resolve));
};

/** A setting that is one value: read, and put where it belongs. */
function set<Key extends keyof ServiceSettings>(key: Key, read: (value: string, reader: Reader) => ServiceSettings[Key]): Apply {
  return (reader, value) => {
    reader.settings[key] = read(value, reader);
  };
}

const logLevels = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

const followed: Record<string, Record<string, Apply>> = {
  Unit: {
    ...Object.fromEntries(dependencyKinds.map((kind) => [kind, addDependency])),
    ...startLimits,
    BindTo: (reader, value, warn) => addDependency(reader, value, warn, 'BindsTo'),
    PropagateReloadTo: (reader, value, warn) => addDependency(reader, value, warn, 'PropagatesReloadTo'),
    Description: set('description', (value, { resolve }) => resolve(value)),
    Documentation: set('documentation', (value, { settings }) => (value === '' ? [] : [...settings.documentation, ...splitPlain(value)])),
    RefuseManualStart: set('refuseManualStart', readBoolean),
    RefuseManualStop: set('refuseManualStop', readBoolean),
  },
  Service: {
    ...Object.fromEntries(Object.keys(execPhases).map((key) => [key, addCommands])),
    ...startLimits,
    Type: (reader, value, warn) => {
      reader.settings.type = readType(value, warn);
    },
    RemainAfterExit: set('remainAfterExit', readBoolean),
    SendSIGKILL: set('sendSigkill', readBoolean),
    SendSIGHUP: set('sendSighup', readBoolean),
    Environment: ({ settings, resolve }, value, warn) => {
      if (value === '') settings.environment = {};
      else for (const word of splitWords(value).words) addEnvironment(settings.environment, resolve(word.text), warn);
    },
    EnvironmentFile: ({ settings, resolve }, value, _warn, key) => {
      if (value === '') settings.environmentFiles = [];
      else settings.environmentFiles.push(readOptionalPath(key, resolve(value), true));
    },
    WorkingDirectory: set('workingDirectory', (value, { resolve }) =>
      value === '' ? null : readOptionalPath('WorkingDirectory', resolve(value), false),
    ),
    User: ({ settings, resolve }, value, warn) => {
      settings.user = value === '' ? null : resolve(value);
      warnOfStranger('User', settings.user, warn);
    },
    Group: ({ resolve }, value, warn) => warnOfStranger('Group', value === '' ? null : resolve(value), warn),
    PIDFile: set('pidFile', (value, { resolve }) => (value === '' ? null : resolve(value.startsWith('/') ? value : `/run/${value}`))),
    SyslogIdentifier: set('syslogIdentifier', (value, { resolve }) => (value === '' ? null : resolve(value))),
    SyslogLevel: set('syslogLevel', (value) => logLevels.indexOf(readChoice(logLevels, value, 'log level'))),
    SyslogLevelPrefix: set('syslogLevelPrefix', readBoolean),
    Restart: set('restart', (value) => readChoice(restartModes, value, 'service restart specifier')),
    RestartSec: set('restartSec', (value) => readTime('RestartSec', value)),
    KillMode: set('killMode', (value) => readChoice(killModes, value, 'kill mode specification')),
    KillSignal: set('killSignal', readSignal),
    TimeoutSec: setTimeLimit,
    TimeoutStartSec: setTimeLimit,
    TimeoutStopSec: setTimeLimit,
    SuccessExitStatus: (reader, value, warn) => {
      reader.settings.successStatus = addStatuses(reader.settings.successStatus, value, warn);
    },
    RestartPreventExitStatus: (reader, value, warn) => {
      reader.settings.restartPreventStatus = addStatuses(reader.settings.restartPreventStatus, value, warn);
    },
    RestartForceExitStatus: (reader, value, warn) => {
      reader.settings.restartForceStatus = addStatuses(reader.settings.restartForceStatus, value, warn);
    },
  },
  Install: { WantedBy: setInstalledFor, RequiredBy: setInstalledFor, Alias: setInstallable },
};

function readType(value: string, warn: Warn): ServiceSettings['type'] {
  if (value === 'simple' || value === 'oneshot' || value === 'forking') return value;
  if (!['notify', 'dbus', 'idle', 'exec'].includes(value)) throw new IgnoredLine(`Failed to parse service type, ignoring: ${value}`);
  if (value === 'notify' || value === 'dbus') warn(`Type=${value} is treated as simple: the lab's machines do not listen for readiness.`);
  return 'simple';
}

function warnOfStranger(key: string, name: string | null, warn: Warn): void {
  if (name === null || name === 'core' || name === 'root') return;
  warn(`${key}=${name} is not supported in this lab, ignoring: every program of a machine runs as the user who started the lab.`);
}

function addEnvironment(environment: Record<string, string>, assignment: string, warn: Warn): void {
  const equals = assignment.indexOf('=');
  const name = assignment.slice(0, Math.max(0, equals));
  if (environmentName.test(name)) environment[name] = assignment.slice(equals + 1);
  else warn(`Invalid environment assignment, ignoring: ${assignment}`);
}
