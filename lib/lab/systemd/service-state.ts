// What a service's life is made of: its states, and the world of processes and messages that it moves.
import type { Command } from './command-line.ts';
import type { ProcessExit } from './exit.ts';
import type { ExecPhase, ServiceSettings } from './service-settings.ts';

/** The status is what systemd calls SubState. */
export type ServiceState =
  | { status: 'dead' }
  | { status: 'start-pre' | 'start' | 'start-post' | 'stop' | 'stop-post' }
  | { status: 'running' }
  /** It runs, and ExecReload= is at work. */
  | { status: 'reload' }
  /** Nothing runs any more, and RemainAfterExit= calls that active. */
  | { status: 'exited' }
  | { status: SignalStatus }
  | { status: 'auto-restart' }
  | { status: 'failed' };

const signalStatuses = ['stop-sigterm', 'stop-sigkill', 'final-sigterm', 'final-sigkill'] as const;
export type SignalStatus = (typeof signalStatuses)[number];

export function isSignalStatus(status: string): status is SignalStatus {
  return signalStatuses.some((each) => each === status);
}

export type ServiceStatus = ServiceState['status'];

/** A process that the world started and that has not ended yet. */
export interface RunningProcess {
  /** 0 when its program could not be run: its end is about to be told. */
  pid: number;
}

export interface ServiceWorld {
  /** Read again at every step: the unit file may have been loaded anew. */
  settings(): ServiceSettings;
  /** Begins an activation: a fresh control group. */
  prepare(): void;
  /**
   * Starts one command. `ended` is called once, in a later turn, after the last of the process's output went into the journal.
   * Throws an Error when something that the unit needs is missing; its message follows `failed to run 'start' task: `.
   */
  spawn(command: Command, phase: ExecPhase, mainPid: number | null, ended: (exit: ProcessExit) => void): RunningProcess;
  /** After a forking service's ExecStart= has ended: the daemon it left behind, if it can be told which one that is. */
  findMain(ended: (exit: ProcessExit) => void): RunningProcess | null;
  /** The processes of the control group that are left, zombies not counted. */
  members(): number[];
  kill(pids: number[], signal: NodeJS.Signals): void;
  log(message: string, priority?: number): void;
  /** Every new state. Whoever is told must not call back into the life before the turn is over. */
  changed(state: ServiceState): void;
  /** RestartSec= is over: asks for a restart job. */
  restart(): void;
  /** Milliseconds, monotonic. */
  now(): number;
  /** Calls back once the time is over; answers with the function that calls it off. */
  after(milliseconds: number, act: () => void): () => void;
}
