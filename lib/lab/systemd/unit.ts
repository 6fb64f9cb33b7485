// A loaded unit: its file, its settings, its life, and what there is to tell of it.
import type { Journal, JournalEntry } from '#lib/lab/journal/journal.ts';
import type { MachineFacts } from '#lib/lab/machine.ts';
import type { KillWho } from './api.ts';
import { type Check, checkText, failedCheck } from './conditions.ts';
import { createExecutions } from './executions.ts';
import type { MachineClock } from './machine-clock.ts';
import type { Problem } from './parse-unit.ts';
import { type DropIn, type LoadedService, readService } from './read-service.ts';
import { type ServiceLife, serviceLife } from './service-life.ts';
import type { ServiceSettings } from './service-settings.ts';
import type { ServiceState } from './service-state.ts';
import { declaredProperties } from './unit-properties.ts';
import { activeWord, type UnitStatus } from './unit-status.ts';

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

export function createUnit({ name, machine, journal, clock, changed, restart }: UnitOptions): Unit {
  let source: UnitSource = { path: '', text: '', dropIns: [], enabled: { installable: '', otherwise: '' } };
  let failedOn: Check | null = null;
  let checkedAt = 0;
  let settings: ServiceSettings | null = null;
  /** The last ones that could be read: a unit that runs must be able to stop whatever was loaded since. */
  let usable: ServiceSettings | null = null;
  let problems: Problem[] = [];
  let active = 'inactive';
  let since: number | null = null;
  const times: UnitStatus['times'] = {};

  function log(message: string, priority = 6) {
    write({ identifier: 'systemd', pid: 1, message, priority });
  }

  function write(entry: Omit<JournalEntry, 'time' | 'boot' | 'unit'>) {
    journal.append({ unit: name, ...entry });
  }

  const executions = createExecutions({ name, machine, settings: () => usable!, log, write });

  const life = serviceLife(name, {
    ...executions,
    settings: () => usable!,
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
      const pids = who === 'all' ? executions.members() : [own[who]!.pid];
      if (pids.length === 0) throw new Error('No process to kill');
      executions.kill(pids, signal);
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
      main: executions.main(life.main),
      control: executions.control(life.control),
      finished: executions.finished(),
      processes: activeWord(life.state.status) === 'inactive' ? [] : executions.processes(),
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

  return unit;
}

function isDown(word: string): boolean {
  return word === 'inactive' || word === 'failed';
}

/** What `uname -r` says on the CoreOS release that the machines claim to be. */
const kernelRelease = '3.16.2+';
