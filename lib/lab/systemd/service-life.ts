// One service's life: which state it is in, and what every event makes of it. Processes and messages are its world's.
import type { Command } from './command-line.ts';
import { describeExit, judgeExit, type ProcessExit, type ServiceResult } from './exit.ts';
import { killPlan } from './kill-rules.ts';
import { shouldRestart, startCounter } from './restart-rules.ts';
import type { ExecPhase } from './service-settings.ts';
import {
  isSignalStatus,
  type RunningProcess,
  type ServiceState,
  type ServiceStatus,
  type ServiceWorld,
  type SignalStatus,
} from './service-state.ts';
import { afterFailure, afterPhase, afterSignal, type Destination, timeoutOf } from './service-transitions.ts';

export interface ServiceLife {
  readonly state: ServiceState;
  readonly result: ServiceResult;
  readonly main: RunningProcess | null;
  readonly control: RunningProcess | null;
  readonly restarts: number;
  /** In dead, failed and auto-restart only; in a starting or active state it does nothing. */
  start(): void;
  /** ExecReload= of a running service; in another state it does nothing. */
  reload(): void;
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
  const counter = startCounter();
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
    if (!counter.admit(world.settings().startLimit, world.now())) {
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

  function go(next: Destination) {
    if (next === 'running') enterRunning();
    else if (next === 'dead') enterDead();
    else if (isSignalStatus(next)) enterSignal(next);
    else enterPhase(next);
  }

  /** Runs a phase's commands one after another, or goes on to what follows when it has none. */
  function enterPhase(phase: ExecPhase) {
    commands = killed ? [] : [...world.settings().exec[phase]];
    runNext(phase);
  }

  function runNext(phase: ExecPhase) {
    const command = commands[0];
    if (command === undefined) {
      go(afterPhase[phase]);
      return;
    }
    const { type, timeoutStart, timeoutStop } = world.settings();
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
    if (phase !== 'reload') fail('resources');
    if (state.status === 'dead' || state.status === 'failed' || state.status === 'auto-restart') enterDead();
    else go(afterFailure[phase]);
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
    const plan = killPlan(status, world.settings());
    const own = [main, control].flatMap((process) => (process?.pid ? [process.pid] : []));
    const targets = !plan ? [] : plan.everybody ? [...new Set([...own, ...world.members()])] : own;
    if (!plan || targets.length === 0) {
      go(afterSignal[status]);
      return;
    }
    enter(status);
    for (const signal of plan.signals) world.kill(targets, signal);
    arm(world.settings().timeoutStop, timedOut);
    watchGroup(() => {
      if (plan.everybody && plan.signals[0] === 'SIGKILL') world.kill(world.members(), 'SIGKILL'); // forked since
      leaveSignal(status);
    });
  }

  /** Goes on once the signalled processes are gone: those of the unit itself, and with them what its control group holds. */
  function leaveSignal(status: SignalStatus) {
    if (main !== null || control !== null) return;
    if (killPlan(status, world.settings())?.everybody && world.members().length > 0) return;
    go(afterSignal[status]);
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
    const restart = !forbidRestart && shouldRestart(world.settings(), result, mainExit);
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

  function mainEnded(command: Command | null, exit: ProcessExit) {
    main = null;
    mainExit = exit;
    const judged = judgeExit(exit, world.settings().successStatus);
    const outcome = command?.ignoreFailure ? 'success' : judged;
    if (judged !== 'success') world.log(`${name}: main process exited, ${describeExit(exit)}`, outcome === 'success' ? 6 : 5);
    if (outcome !== 'success') fail(outcome);
    switch (state.status) {
      case 'start':
        if (outcome !== 'success') go(afterFailure.start);
        else advance('start');
        return;
      case 'running':
        enterRunning();
        return;
      default: // a control process is at work; what follows it looks at the main process
        if (isSignalStatus(state.status)) leaveSignal(state.status);
    }
  }

  function controlEnded(command: Command, phase: ExecPhase, exit: ProcessExit) {
    control = null;
    const judged = judgeExit(exit, world.settings().successStatus);
    const outcome = command.ignoreFailure ? 'success' : judged;
    if (outcome !== 'success') {
      const status = exit.code === 'exited' ? `${exit.status}` : describeExit(exit).replace(/.*status=/, '');
      world.log(`${name}: control process exited, code=${exit.code} status=${status}`, 5);
      if (phase !== 'reload') fail(outcome); // a failed reload harms nobody
    }
    if (state.status !== phase) {
      if (isSignalStatus(state.status)) leaveSignal(state.status);
      return;
    }
    if (outcome !== 'success') {
      go(afterFailure[phase]);
      return;
    }
    if (phase === 'start') main = findMain();
    advance(phase);
  }

  function findMain(): RunningProcess | null {
    const ofActivation = activation;
    return world.findMain((exit) => {
      if (ofActivation === activation) mainEnded(null, exit);
    });
  }

  function advance(phase: ExecPhase) {
    commands.shift();
    runNext(phase);
  }

  function timedOut() {
    const { status } = state;
    const timeout = timeoutOf(status, world.settings().sendSigkill);
    if (!timeout) return;
    world.log(`${name} ${timeout.message}`, 4);
    if (status === 'reload') {
      world.kill(control ? [control.pid] : [], 'SIGKILL');
      control = null;
    } else fail('timeout');
    if (status === 'stop-sigkill') {
      main = null;
      control = null;
    }
    go(timeout.next);
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
      case 'reload':
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
    reload() {
      if (state.status === 'running' || state.status === 'exited') enterPhase('reload');
    },
    stop,
    reset() {
      counter.clear();
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
