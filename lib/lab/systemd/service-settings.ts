// What a .service file asks for, with systemd's defaults for what it does not say.
import type { Command } from './command-line.ts';
import type { Check } from './conditions.ts';

export const restartModes = ['no', 'on-success', 'on-failure', 'on-abnormal', 'on-watchdog', 'on-abort', 'always'] as const;
export const killModes = ['control-group', 'mixed', 'process', 'none'] as const;
export const dependencyKinds = [
  'Requires',
  'Requisite',
  'Wants',
  'BindsTo',
  'PartOf',
  'Conflicts',
  'After',
  'Before',
  'OnFailure',
  'PropagatesReloadTo',
] as const;
export const execPhases = {
  ExecStartPre: 'start-pre',
  ExecStart: 'start',
  ExecStartPost: 'start-post',
  ExecReload: 'reload',
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
  documentation: string[];
  /** Has something in [Install], so that it can be enabled. */
  installable: boolean;
  /** WantedBy= and RequiredBy=. */
  installedFor: string[];
  dependencies: Record<DependencyKind, string[]>;
  /** Condition…= and Assert…=, in the file's order. */
  checks: Check[];
  refuseManualStart: boolean;
  refuseManualStop: boolean;
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
  /** 0 to 7, of lines that do not say it themselves. */
  syslogLevel: number;
  /** A line may begin with its own priority: `<3>disk full`. */
  syslogLevelPrefix: boolean;
  restart: RestartMode;
  restartSec: number;
  timeoutStart: number;
  timeoutStop: number;
  startLimit: { interval: number; burst: number };
  killMode: KillMode;
  killSignal: NodeJS.Signals;
  sendSigkill: boolean;
  sendSighup: boolean;
  /** Exit statuses and signal names that count as success besides the usual ones; likewise for the two that govern restarts. */
  successStatus: (number | string)[];
  restartPreventStatus: (number | string)[];
  restartForceStatus: (number | string)[];
}

export function defaultSettings(name: string): ServiceSettings {
  return {
    description: name,
    documentation: [],
    installable: false,
    installedFor: [],
    dependencies: {
      ...{ Requires: [], Requisite: [], Wants: [], BindsTo: [], PartOf: [], Conflicts: [], After: [], Before: [], OnFailure: [] },
      PropagatesReloadTo: [],
    },
    checks: [],
    refuseManualStart: false,
    refuseManualStop: false,
    type: 'simple',
    remainAfterExit: false,
    exec: { 'start-pre': [], start: [], 'start-post': [], reload: [], stop: [], 'stop-post': [] },
    environment: {},
    environmentFiles: [],
    workingDirectory: null,
    user: null,
    pidFile: null,
    syslogIdentifier: null,
    syslogLevel: 6,
    syslogLevelPrefix: true,
    restart: 'no',
    restartSec: 100,
    timeoutStart: 90_000,
    timeoutStop: 90_000,
    startLimit: { interval: 10_000, burst: 5 },
    killMode: 'control-group',
    killSignal: 'SIGTERM',
    sendSigkill: true,
    sendSighup: false,
    successStatus: [],
    restartPreventStatus: [],
    restartForceStatus: [],
  };
}
