// A loaded unit: its file, its settings, its life, and the processes and messages that the life asks for.
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Journal, JournalEntry } from '#lib/lab/journal/journal.ts';
import { floodGate, outputLines } from '#lib/lab/journal/output-lines.ts';
import type { MachineFacts } from '#lib/lab/machine.ts';
import { pidInMachine, programBehind } from '#lib/lab/sandbox/process-numbers.ts';
import type { KillWho } from './api.ts';
import { type Command, expandArguments } from './command-line.ts';
import { type Check, checkText, failedCheck } from './conditions.ts';
import { type ControlGroup, controlGroup } from './control-group.ts';
import { parseEnvironmentFile } from './environment-file.ts';
import type { ProcessExit } from './exit.ts';
import type { MachineClock } from './machine-clock.ts';
import type { Problem } from './parse-unit.ts';
import { type DropIn, type LoadedService, readService } from './read-service.ts';
import { type ServiceLife, serviceLife } from './service-life.ts';
import type { ExecPhase, ServiceSettings } from './service-settings.ts';
import type { RunningProcess, ServiceState } from './service-state.ts';
import { describeError, startProcess } from './unit-process.ts';
import { declaredProperties } from './unit-properties.ts';
import { activeWord, type Execution, type UnitStatus } from './unit-status.ts';

export interface Unit {
  readonly name: string;
  readonly description: string;
  /** Null when the unit file has errors. */
  readonly settings: ServiceSettings | null;
  /** What it was read from last. */
  readonly source: UnitSource;
  readonly problems: Problem[];
  readonly life: ServiceLife;
  /** Reads a new text. A running unit goes on, and what it does from now on follows the new text. */
  read(file: UnitSource): void;
  /** The condition or assertion that keeps it from starting now; null when nothing does. The status tells of it afterwards. */
  check(): Check | null;
  log(message: string, priority?: number): void;
  /** Throws an Error with systemd's wording when there is no such process. */
  kill(signal: NodeJS.Signals, who: KillWho): void;
  status(): UnitStatus;
}

/** What a unit is read from. */
export interface UnitSource {
  /** Where its file lies inside the machine. */
  path: string;
  text: string;
  dropIns: DropIn[];
  /** What `systemctl is-enabled` says of a unit that has an [Install] section, and of one that has none. */
  enabled: { installable: string; otherwise: string };
  /** Why it cannot be used, whatever it says. */
  refusal?: string;
}

export interface UnitOptions {
  name: string;
  machine: MachineFacts;
  journal: Journal;
  clock: MachineClock;
  changed(unit: Unit, state: ServiceState): void;
  restart(unit: Unit): void;
}

/** So long may a program take to get into its machine when its number there is needed at once; it is one millisecond or two. */
const maxNumberingMs = 100;

/** An environment file larger than this is not one. */
const maxEnvironmentFile = 1024 * 1024;

const directives: Record<ExecPhase, string> = {
  'start-pre': 'ExecStartPre',
  start: 'ExecStart',
  reload: 'ExecReload',
  'start-post': 'ExecStartPost',
  stop: 'ExecStop',
  'stop-post': 'ExecStopPost',
};

export function createUnit({ name, machine, journal, clock, changed, restart }: UnitOptions): Unit {
  let source: UnitSource = { path: '', text: '', dropIns: [], enabled: { installable: '', otherwise: '' } };
  let failedOn: Check | null = null;
  let checkedAt = 0;
  let settings: ServiceSettings | null = null;
  /** The last ones that could be read: a unit that runs must be able to stop whatever was loaded since. */
  let usable: ServiceSettings | null = null;
  let problems: Problem[] = [];
  let group: ControlGroup | null = null;
  let executions: Execution[] = [];
  /** What this computer calls the process of an execution. */
  const outerPids = new WeakMap<Execution, number>();
  let active = 'inactive';
  let since: number | null = null;
  const times: UnitStatus['times'] = {};
  const gate = floodGate(() => performance.now());

  function log(message: string, priority = 6) {
    write({ identifier: 'systemd', pid: 1, message, priority });
  }

  function write(entry: Omit<JournalEntry, 'time' | 'boot' | 'unit'>) {
    journal.append({ unit: name, ...entry });
  }

  /** systemd reads the files before every command, so that one command can write what the next one needs. */
  function readEnvironment({ environment, environmentFiles }: ServiceSettings): Record<string, string> {
    const variables = { ...machine.environment, ...environment };
    for (const file of environmentFiles) {
      const content = readEnvironmentFile(machine.resolve(file.path), file.optional);
      if (content === null) continue;
      const { variables: read, ignored } = parseEnvironmentFile(content);
      for (const line of ignored) log(`Ignoring invalid environment assignment '${line}': ${file.path}`, 4);
      Object.assign(variables, read);
    }
    return variables;
  }

  function readEnvironmentFile(file: string, optional: boolean): string | null {
    try {
      if (statSync(file).size > maxEnvironmentFile) throw Object.assign(new Error(`${file} is too large`), { code: 'E2BIG' });
      return readFileSync(file, 'utf8');
    } catch (error) {
      if (optional) return null;
      const reason = describeError((error as NodeJS.ErrnoException).code ?? 'EIO');
      log(`Failed to load environment files: ${reason}`, 3);
      throw new Error(reason, { cause: error });
    }
  }

  function spawn(command: Command, phase: ExecPhase, mainPid: number | null, ended: (exit: ProcessExit) => void): RunningProcess {
    const current = usable!;
    const mark = group!.mark;
    const main = mainPid === null ? {} : { MAINPID: `${pidOfMain(mainPid)}` };
    const environment = { ...readEnvironment(current), [mark.name]: mark.value, ...main };
    const program = basename(command.path);
    const identifier = current.syslogIdentifier ?? program;
    const execution: Execution = {
      directive: directives[phase],
      written: command.written,
      program,
      pid: 0,
      startedAt: Date.now(),
      endedAt: null,
      exit: null,
    };
    const say = (message: string, priority: number) => {
      const dropped = gate.admit();
      if (dropped === null) return false;
      if (dropped > 0)
        write({ identifier: 'systemd-journal', pid: null, message: `Suppressed ${dropped} messages from ${name}`, priority: 4 });
      write({ identifier, pid: execution.pid, message, priority });
      return true;
    };
    const directory = workingDirectory(current);
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
    outerPids.set(execution, pid);
    executions.push(execution);
    if (pid > 0) group!.add(pid, machine.sandbox !== undefined);
    return { pid };
  }

  /** As the machine numbers it, even if the program was started a moment ago. */
  function pidOfMain(pid: number): number {
    const known = executions.find((execution) => outerPids.get(execution) === pid)?.pid ?? pid;
    if (!machine.sandbox || known !== pid) return known;
    const pause = new Int32Array(new SharedArrayBuffer(4));
    for (let round = 0; round < maxNumberingMs; round++) {
      const program = programBehind(pid);
      if (program !== null) return pidInMachine(program);
      Atomics.wait(pause, 0, 0, 1);
    }
    return pid;
  }

  function workingDirectory({ workingDirectory: wanted }: ServiceSettings): string {
    const directory = wanted?.path ?? '/';
    const usable = !wanted?.optional || statSync(machine.resolve(directory), { throwIfNoEntry: false })?.isDirectory();
    return usable ? directory : '/';
  }

  /** PIDFile= if it names one of the unit's processes, else the only or eldest process left. */
  function findMain(ended: (exit: ProcessExit) => void): RunningProcess | null {
    const members = group?.members() ?? [];
    const { pidFile } = usable!;
    const number = pidFile === null ? null : readPidFile(machine.resolve(pidFile));
    const named = members.find((pid) => pidInMachine(pid) === number) ?? null;
    if (pidFile !== null && named === null) {
      log(`PID file ${pidFile} not readable (yet?) after start.`, 4);
    }
    const pid = named ?? members[0] ?? null;
    if (pid === null) return null;
    const execution: Execution = {
      directive: 'ExecStart',
      written: usable!.exec.start[0]?.written ?? '',
      program: programOf(pid),
      pid: pidInMachine(pid),
      startedAt: Date.now(),
      endedAt: null,
      exit: null,
    };
    outerPids.set(execution, pid);
    executions.push(execution);
    watchAdopted(pid, () => group?.members() ?? [], ended);
    return { pid };
  }

  const life = serviceLife(name, {
    settings: () => usable!,
    prepare() {
      group = controlGroup({ name: 'INVOCATION_ID', value: randomBytes(16).toString('hex') });
      executions = [];
    },
    spawn,
    findMain,
    members: () => group?.members() ?? [],
    kill: (pids, signal) => group?.kill(pids, signal),
    log,
    changed(state) {
      const word = activeWord(state.status);
      if (word !== active) {
        since = Date.now();
        if (word === 'active') times.ActiveEnter = since;
        if (active === 'active') times.ActiveExit = since;
        if (isDown(word) && !isDown(active)) times.InactiveEnter = since;
        if (isDown(active) && !isDown(word)) times.InactiveExit = since;
      }
      active = word;
      changed(unit, state);
    },
    restart: () => restart(unit),
    now: clock.now,
    after: clock.after,
  });

  const unit: Unit = {
    name,
    get description() {
      return settings?.description ?? name;
    },
    get settings() {
      return settings;
    },
    get source() {
      return source;
    },
    get problems() {
      return problems;
    },
    life,
    log,
    read(file) {
      source = file;
      ({ settings, problems } = readUnit(file));
      usable = settings ?? usable;
      for (const { line, message, path = file.path } of problems) log(`[${path}${line === null ? '' : `:${line}`}] ${message}`, 4);
    },
    check() {
      failedOn = failedCheck(settings?.checks ?? [], { hostname: machine.name, machineId: machine.id, resolve: machine.resolve });
      checkedAt = Date.now();
      return failedOn;
    },
    kill(signal, who) {
      const own = { main: life.main, control: life.control };
      if (who !== 'all' && !own[who]) throw new Error(`No ${who} process to kill`);
      const pids = who === 'all' ? (group?.members() ?? []) : [own[who]!.pid];
      if (pids.length === 0) throw new Error('No process to kill');
      group?.kill(pids, signal);
    },
    status: () => ({
      name,
      load: settings ? 'loaded' : 'error',
      active,
      sub: life.state.status,
      description: unit.description,
      path: source.path,
      enabled: settings?.installable ? source.enabled.installable : source.enabled.otherwise,
      text: source.text,
      dropIns: source.dropIns,
      documentation: settings?.documentation ?? [],
      failedCheck: failedOn && { text: checkText(failedOn), assert: failedOn.assert, at: checkedAt },
      loadError: settings ? null : (problems.find(({ severity }) => severity === 'error')?.message ?? 'Invalid argument'),
      result: life.result,
      since,
      times: { ...times },
      declared: settings ? declaredProperties(settings) : [],
      restarts: life.restarts,
      main: executions.findLast((one) => one.directive === 'ExecStart' && (life.main === null || isOf(life.main, one))) ?? null,
      control: executions.find((one) => one.exit === null && life.control !== null && isOf(life.control, one)) ?? null,
      finished: executions.filter(({ directive, exit }) => directive !== 'ExecStart' && exit !== null),
      processes: activeWord(life.state.status) === 'inactive' ? [] : (group?.members() ?? []).map(describeProcess),
    }),
  };

  function readUnit({ text, dropIns, refusal }: UnitSource): LoadedService {
    if (refusal !== undefined) return { settings: null, problems: [{ severity: 'error', line: null, message: refusal }] };
    return readService(
      name,
      text,
      { hostname: machine.name, machineId: machine.id, bootId: machine.bootId, kernel: kernelRelease },
      dropIns,
    );
  }

  function isOf(process: RunningProcess, execution: Execution): boolean {
    return outerPids.get(execution) === process.pid;
  }

  function describeProcess(outer: number): { pid: number; command: string } {
    const pid = pidInMachine(outer);
    const own = executions.find((execution) => execution.pid === pid && execution.exit === null);
    return { pid, command: own ? own.written : readCommandLine(outer) };
  }

  return unit;
}

function isDown(word: string): boolean {
  return word === 'inactive' || word === 'failed';
}

/** What `uname -r` says on the CoreOS release that the machines claim to be. */
const kernelRelease = '3.16.2+';

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
