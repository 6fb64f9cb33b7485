// One service's life: which state it is in, and what every event makes of it. Processes and messages are its world's.
import type { Command } from './command-line.ts';
import { describeExit, judgeExit, listsExit, type ProcessExit, type ServiceResult } from './exit.ts';
import type { ExecPhase, ServiceSettings } from './service-settings.ts';

/** The status is what systemd calls SubState. */
export type ServiceState =
  | { status: 'dead' }
  | { status: 'start-pre' | 'start' | 'start-post' | 'stop' | 'stop-post' }
  | { status: 'running' }
  /** Nothing runs any more, and RemainAfterExit= calls that active. */
  | { status: 'exited' }
  | { status: SignalStatus }
  | { status: 'auto-restart' }
  | { status: 'failed' };

type SignalStatus = 'stop-sigterm' | 'stop-sigkill' | 'final-sigterm' | 'final-sigkill';

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

export interface ServiceLife {
  readonly state: ServiceState;
  readonly result: ServiceResult;
  readonly main: RunningProcess | null;
  readonly control: RunningProcess | null;
  readonly restarts: number;
  /** In dead, failed and auto-restart only; in a starting or active state it does nothing. */
  start(): void;
  /** Goes towards dead or failed from any state, and keeps Restart= from acting. */
  stop(): void;
  /** Forgets the failure and the starts counted so far. */
  reset(): void;
  /** Ends everything at once and for good: no further command is run, not even those of a stop. */
  kill(): void;
}

export function serviceLife(name: string, world: ServiceWorld): ServiceLife {
  let state: ServiceState = { status: 'dead' };
  let result: ServiceResult = 'success';
  let main: RunningProcess | null = null;
  let control: RunningProcess | null = null;
  let mainExit: ProcessExit | null = null;
  /** What is left of the phase under way, the running command first. Fixed at its beginning, whatever is loaded meanwhile. */
  let commands: Command[] = [];
  let disarm = () => {};
  let stopPolling = () => {};
  let forbidRestart = false;
  let killed = false;
  let restarts = 0;
  let starts: number[] = [];
  /** Processes of an earlier activation, left alive by KillMode=, must not move this one. */
  let activation = 0;

  function enter(status: ServiceStatus) {
    disarm();
    stopPolling();
    state = { status } as ServiceState;
    world.changed(state);
  }

  function arm(milliseconds: number, expired: () => void) {
    disarm();
    disarm = world.after(milliseconds, expired);
  }

  function fail(reason: ServiceResult) {
    if (result === 'success') result = reason;
  }

  function start() {
    if (state.status !== 'dead' && state.status !== 'failed' && state.status !== 'auto-restart') return;
    disarm();
    if (startLimitHit()) {
      world.log(`${name} start request repeated too quickly, refusing to start.`, 4);
      result = 'start-limit';
      enter('failed');
      return;
    }
    activation++;
    result = 'success';
    mainExit = null;
    main = null;
    control = null;
    forbidRestart = false;
    world.prepare();
    enterPhase('start-pre');
  }

  function startLimitHit(): boolean {
    const { interval, burst } = world.settings().startLimit;
    if (interval <= 0 || burst <= 0) return false;
    starts = starts.filter((time) => world.now() - time < interval);
    if (starts.length >= burst) return true;
    starts.push(world.now());
    return false;
  }

  /** Runs a phase's commands one after another, or goes on to what follows when it has none. */
  function enterPhase(phase: ExecPhase) {
    commands = killed ? [] : [...world.settings().exec[phase]];
    if (commands.length === 0) {
      afterPhase(phase);
      return;
    }
    runNext(phase);
  }

  function runNext(phase: ExecPhase) {
    const { type, timeoutStart, timeoutStop } = world.settings();
    const command = commands[0]!;
    const ofActivation = activation;
    const isMain = phase === 'start' && type !== 'forking';
    const ended = (exit: ProcessExit) => {
      if (ofActivation !== activation) return;
      if (isMain) mainEnded(command, exit);
      else controlEnded(command, phase, exit);
    };
    let started: RunningProcess;
    try {
      started = world.spawn(command, phase, main?.pid ?? null, ended);
    } catch (error) {
      lackResources(phase, error);
      return;
    }
    if (isMain) main = started;
    else control = started;
    // A simple service counts as running as soon as its program was forked.
    if (isMain && type === 'simple') {
      enterPhase('start-post');
      return;
    }
    if (state.status !== phase) enter(phase);
    arm(phase === 'stop' || phase === 'stop-post' ? timeoutStop : timeoutStart, timedOut);
  }

  function lackResources(phase: ExecPhase, error: unknown) {
    world.log(`${name} failed to run '${phase}' task: ${(error as Error).message}`, 4);
    fail('resources');
    if (state.status === 'dead' || state.status === 'failed' || state.status === 'auto-restart') enterDead();
    else if (phase === 'stop-post') enterSignal('final-sigterm');
    else enterSignal('stop-sigterm');
  }

  function afterPhase(phase: ExecPhase) {
    switch (phase) {
      case 'start-pre':
        // A oneshot unit may have nothing but ExecStop=.
        if (world.settings().exec.start.length === 0) enterPhase('start-post');
        else enterPhase('start');
        return;
      case 'start':
        enterPhase('start-post');
        return;
      case 'start-post':
        enterRunning();
        return;
      case 'stop':
        enterSignal('stop-sigterm');
        return;
      case 'stop-post':
        enterSignal('final-sigterm');
        return;
      default:
        phase satisfies never;
    }
  }

  /** The start is done, or the main process of a running service has ended. */
  function enterRunning() {
    const { type, remainAfterExit } = world.settings();
    if (result !== 'success') enterSignal('stop-sigterm');
    else if (main !== null || (type === 'forking' && mainExit === null && world.members().length > 0)) {
      enter('running');
      // Nobody tells when the last process of a daemon whose main process is unknown has gone.
      if (main === null) watchGroup(() => world.members().length === 0 && enterRunning());
    } else if (remainAfterExit) enter('exited');
    else enterPhase('stop');
  }

  function enterSignal(status: SignalStatus) {
    const { killMode, killSignal, sendSigkill, timeoutStop } = world.settings();
    const kill = status === 'stop-sigkill' || status === 'final-sigkill';
    if (kill && !sendSigkill) {
      afterSignal(status);
      return;
    }
    const own = [main, control].flatMap((process) => (process?.pid ? [process.pid] : []));
    const all = killMode === 'control-group' || (killMode === 'mixed' && kill);
    const targets = killMode === 'none' ? [] : all ? [...new Set([...own, ...world.members()])] : own;
    if (targets.length === 0) {
      afterSignal(status);
      return;
    }
    enter(status);
    world.kill(targets, kill ? 'SIGKILL' : killSignal);
    // A stopped process would not see the signal.
    if (!kill) world.kill(targets, 'SIGCONT');
    arm(timeoutStop, timedOut);
    watchGroup(() => {
      if (kill && all) world.kill(world.members(), 'SIGKILL'); // forked since
      leaveSignal();
    });
  }

  /** Goes on once the signalled processes are gone: those of the unit itself, and with them what its control group holds. */
  function leaveSignal() {
    if (main !== null || control !== null) return;
    const { killMode } = world.settings();
    const { status } = state;
    const kill = status === 'stop-sigkill' || status === 'final-sigkill';
    const waitForAll = killMode === 'control-group' || (killMode === 'mixed' && kill);
    if (waitForAll && world.members().length > 0) return;
    afterSignal(status as SignalStatus);
  }

  function afterSignal(status: SignalStatus) {
    if (status === 'stop-sigterm' || status === 'stop-sigkill') enterPhase('stop-post');
    else enterDead();
  }

  /** Looks again and again, ever less often, until the state is left. */
  function watchGroup(look: () => unknown, delay = 10) {
    const { status } = state;
    stopPolling = world.after(delay, () => {
      const ofActivation = activation;
      if (main === null && control === null) look();
      if (ofActivation === activation && state.status === status) watchGroup(look, Math.min(500, delay * 2));
    });
  }

  function enterDead() {
    const { restartSec } = world.settings();
    const restart = shouldRestart();
    main = null;
    control = null;
    activation++;
    enter(result === 'success' ? 'dead' : 'failed');
    if (!restart) return;
    enter('auto-restart');
    arm(restartSec, () => {
      world.log(`${name} holdoff time over, scheduling restart.`);
      restarts++;
      world.restart();
    });
  }

  function shouldRestart(): boolean {
    const { restart, restartPreventStatus, restartForceStatus } = world.settings();
    if (forbidRestart || listsExit(restartPreventStatus, mainExit)) return false;
    if (listsExit(restartForceStatus, mainExit)) return true;
    switch (restart) {
      case 'no':
      case 'on-watchdog':
        return false;
      case 'always':
        return true;
      case 'on-success':
        return result === 'success';
      case 'on-failure':
        return result !== 'success';
      case 'on-abnormal':
        return result === 'signal' || result === 'timeout';
      case 'on-abort':
        return result === 'signal';
      default:
        return restart satisfies never;
    }
  }

  function mainEnded(command: Command | null, exit: ProcessExit) {
    main = null;
    mainExit = exit;
    const judged = judgeExit(exit, world.settings().successStatus);
    const outcome = command?.ignoreFailure ? 'success' : judged;
    if (judged !== 'success') world.log(`${name}: main process exited, ${describeExit(exit)}`, outcome === 'success' ? 6 : 5);
    if (outcome !== 'success') fail(outcome);
    switch (state.status) {
      case 'start':
        if (outcome !== 'success') enterSignal('stop-sigterm');
        else advance('start');
        return;
      case 'running':
        enterRunning();
        return;
      case 'stop-sigterm':
      case 'stop-sigkill':
      case 'final-sigterm':
      case 'final-sigkill':
        leaveSignal();
        return;
      default: // a control process is at work; what follows it looks at the main process
    }
  }

  function controlEnded(command: Command, phase: ExecPhase, exit: ProcessExit) {
    control = null;
    const judged = judgeExit(exit, world.settings().successStatus);
    const outcome = command.ignoreFailure ? 'success' : judged;
    if (outcome !== 'success') {
      const status = exit.code === 'exited' ? `${exit.status}` : describeExit(exit).replace(/.*status=/, '');
      world.log(`${name}: control process exited, code=${exit.code} status=${status}`, 5);
      fail(outcome);
    }
    if (state.status !== phase) {
      if (['stop-sigterm', 'stop-sigkill', 'final-sigterm', 'final-sigkill'].includes(state.status)) leaveSignal();
      return;
    }
    if (outcome === 'success') {
      if (phase === 'start') main = findMain();
      advance(phase);
    } else if (phase === 'stop-post') enterSignal('final-sigterm');
    else enterSignal('stop-sigterm');
  }

  function findMain(): RunningProcess | null {
    const ofActivation = activation;
    return world.findMain((exit) => {
      if (ofActivation === activation) mainEnded(null, exit);
    });
  }

  function advance(phase: ExecPhase) {
    commands.shift();
    if (commands.length > 0) runNext(phase);
    else afterPhase(phase);
  }

  function timedOut() {
    switch (state.status) {
      case 'start-pre':
      case 'start':
        world.log(`${name} ${state.status} operation timed out. Terminating.`, 4);
        fail('timeout');
        enterSignal('stop-sigterm');
        return;
      case 'start-post':
        world.log(`${name} start-post operation timed out. Stopping.`, 4);
        fail('timeout');
        enterSignal('stop-sigterm');
        return;
      case 'stop':
        world.log(`${name} stopping timed out. Terminating.`, 4);
        fail('timeout');
        enterSignal('stop-sigterm');
        return;
      case 'stop-post':
        world.log(`${name} stop-post timed out. Terminating.`, 4);
        fail('timeout');
        enterSignal('final-sigterm');
        return;
      case 'stop-sigterm':
      case 'final-sigterm': {
        const what = state.status === 'stop-sigterm' ? 'stop-sigterm' : 'stop-final-sigterm';
        world.log(`${name} ${what} timed out. ${world.settings().sendSigkill ? 'Killing.' : 'Skipping SIGKILL.'}`, 4);
        fail('timeout');
        enterSignal(state.status === 'stop-sigterm' ? 'stop-sigkill' : 'final-sigkill');
        return;
      }
      case 'stop-sigkill':
        world.log(`${name} still around after SIGKILL. Ignoring.`, 4);
        fail('timeout');
        main = null;
        control = null;
        enterPhase('stop-post');
        return;
      case 'final-sigkill':
        world.log(`${name} still around after final SIGKILL. Entering failed mode.`, 4);
        fail('timeout');
        enterDead();
        return;
      default: // the other states have no timeout
    }
  }

  function stop() {
    forbidRestart = true;
    switch (state.status) {
      case 'auto-restart':
        enter('dead');
        return;
      case 'start-pre':
      case 'start':
      case 'start-post':
        enterSignal('stop-sigterm');
        return;
      case 'running':
      case 'exited':
        enterPhase('stop');
        return;
      default: // already ended, or on the way
    }
  }

  return {
    get state() {
      return state;
    },
    get result() {
      return result;
    },
    get main() {
      return main;
    },
    get control() {
      return control;
    },
    get restarts() {
      return restarts;
    },
    start,
    stop,
    reset() {
      starts = [];
      restarts = 0;
      if (state.status !== 'failed') return;
      result = 'success';
      enter('dead');
    },
    kill() {
      forbidRestart = true;
      killed = true;
      commands.length = 0;
      world.kill(world.members(), 'SIGKILL');
    },
  };
}
