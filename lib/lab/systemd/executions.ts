// The commands that a unit runs in one activation, and the processes that these commands are.
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { JournalEntry } from '#lib/lab/journal/journal.ts';
import { floodGate, outputLines } from '#lib/lab/journal/output-lines.ts';
import type { MachineFacts } from '#lib/lab/machine.ts';
import { pidInMachine, programBehind } from '#lib/lab/sandbox/process-numbers.ts';
import { type Command, expandArguments } from './command-line.ts';
import { type ControlGroup, controlGroup } from './control-group.ts';
import type { ProcessExit } from './exit.ts';
import { readEnvironment } from './read-environment.ts';
import type { ExecPhase, ServiceSettings } from './service-settings.ts';
import type { RunningProcess, ServiceWorld } from './service-state.ts';
import { startProcess } from './unit-process.ts';
import type { Execution, UnitStatus } from './unit-status.ts';

/** What a service's life asks of processes, and what its status tells of them. Executions of earlier activations are forgotten. */
export interface Executions extends Pick<ServiceWorld, 'prepare' | 'spawn' | 'findMain' | 'members' | 'kill'> {
  /** The latest ExecStart= that is this process; the latest of all for null. */
  main(process: RunningProcess | null): Execution | null;
  /** The command under way that is this process. */
  control(process: RunningProcess | null): Execution | null;
  /** The commands besides ExecStart= that have ended. */
  finished(): Execution[];
  /** What the control group holds, as the machine numbers it. */
  processes(): UnitStatus['processes'];
}

export interface ExecutionsOptions {
  /** The unit's. */
  name: string;
  machine: MachineFacts;
  /** Asked at every command. */
  settings(): ServiceSettings;
  /** Messages of systemd itself. */
  log(message: string, priority?: number): void;
  /** Messages of the commands. */
  write(entry: Omit<JournalEntry, 'time' | 'boot' | 'unit'>): void;
}

const directives: Record<ExecPhase, string> = {
  'start-pre': 'ExecStartPre',
  start: 'ExecStart',
  reload: 'ExecReload',
  'start-post': 'ExecStartPost',
  stop: 'ExecStop',
  'stop-post': 'ExecStopPost',
};

export function createExecutions({ name, machine, settings, log, write }: ExecutionsOptions): Executions {
  let group = freshGroup();
  let executions: Execution[] = [];
  /** What this computer calls the process of an execution. */
  const outerPids = new WeakMap<Execution, number>();
  const gate = floodGate(() => performance.now());
  const members = () => group.members();

  function spawn(command: Command, phase: ExecPhase, mainPid: number | null, ended: (exit: ProcessExit) => void): RunningProcess {
    const current = settings();
    const { mark } = group;
    const main = mainPid === null ? {} : { MAINPID: `${pidOfMain(mainPid)}` };
    const environment = { ...readEnvironment(current, machine, log), [mark.name]: mark.value, ...main };
    const execution = begunExecution(directives[phase], command.written, basename(command.path));
    const say = speaker(current.syslogIdentifier ?? execution.program, execution);
    const directory = workingDirectory(current, machine);
    const pid = startProcess(
      {
        file: machine.resolve(command.path),
        path: command.path,
        name: command.name,
        arguments: expandArguments(command, environment),
        environment,
        directory: machine.resolve(directory),
        innerDirectory: directory,
        sandbox: machine.sandbox,
      },
      {
        output: () => outputLines(say, { usual: current.syslogLevel, prefixed: current.syslogLevelPrefix }),
        failedAt(message) {
          if (!command.ignoreFailure) log(message, 3);
        },
        numbered(inner) {
          execution.pid = inner;
        },
        ended(exit) {
          execution.exit = exit;
          execution.endedAt = Date.now();
          ended(exit);
        },
      },
    );
    execution.pid = pid;
    if (pid > 0) group.add(pid, machine.sandbox !== undefined);
    return keep(execution, pid);
  }

  function keep(execution: Execution, pid: number): RunningProcess {
    outerPids.set(execution, pid);
    executions.push(execution);
    return { pid };
  }

  /** Takes the lines that a command prints to the journal, and answers whether it took them: not in a flood. */
  function speaker(identifier: string, execution: Execution) {
    return (message: string, priority: number): boolean => {
      const dropped = gate.admit();
      if (dropped === null) return false;
      if (dropped > 0)
        write({ identifier: 'systemd-journal', pid: null, message: `Suppressed ${dropped} messages from ${name}`, priority: 4 });
      write({ identifier, pid: execution.pid, message, priority });
      return true;
    };
  }

  /** As the machine numbers it, even if the program was started a moment ago. */
  function pidOfMain(pid: number): number {
    const known = executions.find((execution) => outerPids.get(execution) === pid)?.pid ?? pid;
    return machine.sandbox && known === pid ? awaitNumber(pid) : known;
  }

  /** PIDFile= if it names one of the unit's processes, else the only or eldest process left. */
  function findMain(ended: (exit: ProcessExit) => void): RunningProcess | null {
    const left = members();
    const { pidFile, exec } = settings();
    const number = pidFile === null ? null : readPidFile(machine.resolve(pidFile));
    const named = left.find((pid) => pidInMachine(pid) === number) ?? null;
    if (pidFile !== null && named === null) {
      log(`PID file ${pidFile} not readable (yet?) after start.`, 4);
    }
    const pid = named ?? left[0] ?? null;
    if (pid === null) return null;
    const execution = begunExecution('ExecStart', exec.start[0]?.written ?? '', programOf(pid), pidInMachine(pid));
    watchAdopted(pid, members, ended);
    return keep(execution, pid);
  }

  function isOf(process: RunningProcess, execution: Execution): boolean {
    return outerPids.get(execution) === process.pid;
  }

  function describeProcess(outer: number): { pid: number; command: string } {
    const pid = pidInMachine(outer);
    const own = executions.find((execution) => execution.pid === pid && execution.exit === null);
    return { pid, command: own ? own.written : readCommandLine(outer) };
  }

  return {
    prepare() {
      group = freshGroup();
      executions = [];
    },
    spawn,
    findMain,
    members,
    kill: (pids, signal) => group.kill(pids, signal),
    main: (process) => executions.findLast((one) => one.directive === 'ExecStart' && (process === null || isOf(process, one))) ?? null,
    control: (process) => executions.find((one) => one.exit === null && process !== null && isOf(process, one)) ?? null,
    finished: () => executions.filter(({ directive, exit }) => directive !== 'ExecStart' && exit !== null),
    processes: () => members().map(describeProcess),
  };
}

function freshGroup(): ControlGroup {
  return controlGroup({ name: 'INVOCATION_ID', value: randomBytes(16).toString('hex') });
}

function begunExecution(directive: string, written: string, program: string, pid = 0): Execution {
  return { directive, written, program, pid, startedAt: Date.now(), endedAt: null, exit: null };
}

function workingDirectory({ workingDirectory: wanted }: ServiceSettings, machine: MachineFacts): string {
  const directory = wanted?.path ?? '/';
  const usable = !wanted?.optional || statSync(machine.resolve(directory), { throwIfNoEntry: false })?.isDirectory();
  return usable ? directory : '/';
}

/** So long may a program take to get into its machine when its number there is needed at once; it is one millisecond or two. */
const maxNumberingMs = 100;

/** The number inside the machine of the program behind this process; the process's own when that program does not come. */
function awaitNumber(front: number): number {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let round = 0; round < maxNumberingMs; round++) {
    const program = programBehind(front);
    if (program !== null) return pidInMachine(program);
    Atomics.wait(pause, 0, 0, 1);
  }
  return front;
}

/** A daemon that forked itself away is not our child: it is looked for until it is gone, and its exit status stays unknown. */
function watchAdopted(pid: number, members: () => number[], ended: (exit: ProcessExit) => void): void {
  const timer = setInterval(() => {
    if (members().includes(pid)) return;
    clearInterval(timer);
    ended({ code: 'exited', status: 0 });
  }, 250);
  timer.unref();
}

function readPidFile(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8').trim());
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null; // the message about it is the caller's
  }
}

function programOf(pid: number): string {
  return basename(readCommandLine(pid).split(' ')[0] ?? '');
}

function readCommandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return ''; // it has just ended, or this system has no /proc
  }
}
