// Start and stop jobs: at most one per unit, run in the order that After= and Before= ask for.

import type { DependencyKind } from './service-settings.ts';
import type { ServiceState } from './service-state.ts';
import type { Unit } from './unit.ts';
import { activeWord } from './unit-status.ts';

export type JobKind = 'start' | 'stop' | 'restart' | 'reload';
export type JobResult = 'done' | 'failed' | 'dependency' | 'canceled' | 'assert';

export interface Jobs {
  /**
   * Queues a job, with the jobs of what the unit requires or what requires it. Throws an Error with systemd's wording when a required unit
   * is not there. Answers with the outcome of the unit's own job.
   */
  queue(unit: Unit, kind: JobKind): Promise<JobResult>;
  /** To be told of every new state of every unit. */
  changed(unit: Unit, state: ServiceState): void;
  /** RestartSec= is over. */
  restart(unit: Unit): void;
  pending(unit: Unit): JobKind | null;
}

interface Job {
  unit: Unit;
  kind: JobKind;
  running: boolean;
  outcome: Promise<JobResult>;
  settle(result: JobResult): void;
}

/** `units` are all loaded ones; `isAlwaysActive` tells of what belongs to the machine itself. */
export function createJobs(units: ReadonlyMap<string, Unit>, isAlwaysActive: (name: string) => boolean): Jobs {
  const jobs = new Map<Unit, Job>();
  let pumping = false;

  function queue(unit: Unit, kind: JobKind): Promise<JobResult> {
    if (kind === 'reload') {
      for (const other of listed(unit, 'PropagatesReloadTo')) if (isUp(other)) add(other, 'reload');
      return add(unit, kind).outcome;
    }
    const toStart = kind === 'stop' ? [] : collectRequired(unit);
    if (kind !== 'start') for (const dependent of dependents(unit)) add(dependent, kind);
    for (const required of toStart) {
      for (const conflict of listed(required, 'Conflicts')) if (isUp(conflict)) add(conflict, 'stop');
      if (required !== unit) add(required, 'start');
    }
    return add(unit, kind).outcome;
  }

  /** The unit and everything it pulls in. */
  function collectRequired(unit: Unit, found = new Set<Unit>()): Set<Unit> {
    if (found.has(unit)) return found;
    found.add(unit);
    for (const kind of ['Requires', 'BindsTo', 'Requisite'] as const) {
      for (const name of unit.settings?.dependencies[kind] ?? []) {
        const required = units.get(name);
        if (required?.settings) {
          if (kind !== 'Requisite') collectRequired(required, found);
        } else if (required) throw new Error(`Unit ${name} failed to load: Invalid argument.`);
        else if (!isAlwaysActive(name)) throw new Error(`Unit ${name} failed to load: No such file or directory.`);
      }
    }
    for (const wanted of listed(unit, 'Wants')) if (wanted.settings) collectWanted(wanted, found);
    return found;
  }

  /** What is only wanted may lack something without harm. */
  function collectWanted(unit: Unit, found: Set<Unit>) {
    try {
      for (const wanted of collectRequired(unit, new Set(found))) found.add(wanted);
    } catch (error) {
      unit.log(`Cannot add dependency job for unit ${unit.name}, ignoring: ${(error as Error).message}`, 4);
    }
  }

  /** The active units that cannot be without this one, and those that cannot be without them. */
  function dependents(unit: Unit, found = new Set<Unit>()): Set<Unit> {
    for (const other of units.values()) {
      const leans = (['Requires', 'BindsTo', 'PartOf'] as const).some((kind) => other.settings?.dependencies[kind].includes(unit.name));
      if (!leans || other === unit || found.has(other) || !isUp(other)) continue;
      found.add(other);
      dependents(other, found);
    }
    return found;
  }

  function listed(unit: Unit, kind: DependencyKind): Unit[] {
    return (unit.settings?.dependencies[kind] ?? []).flatMap((name) => units.get(name) ?? []);
  }

  function add(unit: Unit, kind: JobKind): Job {
    const before = jobs.get(unit);
    if (before?.kind === kind) return before;
    if (before) finish(before, 'canceled');
    const { promise, resolve } = withResolver<JobResult>();
    const job: Job = { unit, kind, running: false, outcome: promise, settle: resolve };
    jobs.set(unit, job);
    schedule();
    return job;
  }

  /** Jobs run in a later turn, so that no unit is moved while it tells of a change. */
  function schedule() {
    if (pumping) return;
    pumping = true;
    queueMicrotask(() => {
      pumping = false;
      pump();
    });
  }

  function pump() {
    const waiting = [...jobs.values()].filter((job) => !job.running);
    const ready = waiting.filter((job) => !isBlocked(job));
    if (ready.length === 0 && waiting.length > 0 && waiting.length === jobs.size && !waiting.some(waitsForItself)) {
      const [first] = waiting;
      first!.unit.log(`Found ordering cycle on ${first!.unit.name}. Breaking it by starting this unit first.`, 4);
      run(first!);
      return;
    }
    for (const job of ready) if (jobs.get(job.unit) === job && !isBlocked(job)) run(job);
  }

  function isBlocked(job: Job): boolean {
    return waitsForItself(job) || [...jobs.values()].some((other) => other !== job && comesBefore(other, job));
  }

  /** A unit that is on its way down can be started once it is there. */
  function waitsForItself({ unit, kind }: Job): boolean {
    return kind === 'start' && activeWord(unit.life.state.status) === 'deactivating';
  }

  /** Stops come before starts, and among stops the order is the reverse. */
  function comesBefore(first: Job, second: Job): boolean {
    if (second.kind === 'start') return isAfter(second.unit, first.unit) || (first.kind !== 'start' && isAfter(first.unit, second.unit));
    return first.kind !== 'start' && isAfter(first.unit, second.unit);
  }

  function isAfter(later: Unit, earlier: Unit): boolean {
    const after = later.settings?.dependencies.After.includes(earlier.name) ?? false;
    return after || (earlier.settings?.dependencies.Before.includes(later.name) ?? false);
  }

  function run(job: Job) {
    job.running = true;
    const { unit } = job;
    const word = activeWord(unit.life.state.status);
    if (job.kind === 'start') {
      if (!requisitesAreUp(unit)) {
        unit.log(`Dependency failed for ${unit.description}.`, 4);
        finish(job, 'dependency');
      } else if (word === 'active' || word === 'reloading') finish(job, 'done');
      else if (word !== 'activating' || unit.life.state.status === 'auto-restart') begin(job);
    } else if (job.kind === 'reload') {
      if (word !== 'active') finish(job, 'failed');
      else {
        unit.log(`Reloading ${unit.description}.`);
        unit.life.reload();
      }
    } else if (word === 'inactive' || word === 'failed') stopped(job);
    else {
      if (word !== 'deactivating') unit.log(`Stopping ${unit.description}...`);
      unit.life.stop();
    }
  }

  function begin(job: Job) {
    const { unit } = job;
    const failed = unit.check();
    if (failed?.assert) {
      unit.log(`Starting of ${unit.name} requested but asserts failed.`, 3);
      unit.log(`Assertion failed for ${unit.description}.`, 3);
      finish(job, 'assert');
    } else if (failed) {
      unit.log(`Starting of ${unit.name} requested but condition failed. Ignoring.`);
      unit.life.stop(); // it may have been about to be started again
      finish(job, 'done');
    } else {
      unit.log(`Starting ${unit.description}...`);
      unit.life.start();
    }
  }

  function requisitesAreUp(unit: Unit): boolean {
    return (unit.settings?.dependencies.Requisite ?? []).every((name) => {
      const required = units.get(name);
      return required ? activeWord(required.life.state.status) === 'active' : isAlwaysActive(name);
    });
  }

  function changed(unit: Unit, { status }: ServiceState) {
    const job = jobs.get(unit);
    const word = activeWord(status);
    if (job?.running && job.kind === 'start') {
      if (word === 'active' || word === 'inactive') {
        unit.log(`Started ${unit.description}.`);
        finish(job, 'done');
      } else if (word === 'failed') {
        unit.log(`Failed to start ${unit.description}.`, 3);
        finish(job, 'failed');
      }
    } else if (job?.running && job.kind === 'reload' && word !== 'reloading') {
      if (word === 'active') unit.log(`Reloaded ${unit.description}.`);
      finish(job, word === 'active' ? 'done' : 'failed');
    } else if (job?.running && (word === 'inactive' || word === 'failed')) {
      unit.log(`Stopped ${unit.description}.`);
      stopped(job);
    }
    if (word === 'failed') {
      unit.log(`Unit ${unit.name} entered failed state.`, 5);
      triggerOnFailure(unit);
    }
    if (word === 'failed' || word === 'inactive') {
      for (const other of units.values()) if (other.settings?.dependencies.BindsTo.includes(unit.name) && isUp(other)) add(other, 'stop');
    }
    schedule();
  }

  /** A unit that Restart= brings back has not failed for good. */
  function triggerOnFailure(unit: Unit) {
    const names = unit.settings?.dependencies.OnFailure ?? [];
    if (names.length === 0) return;
    queueMicrotask(() => {
      if (unit.life.state.status !== 'failed') return;
      unit.log(`Triggering OnFailure= dependencies of ${unit.name}.`);
      for (const name of names) {
        try {
          const helper = units.get(name);
          if (!helper?.settings) throw new Error(`Unit ${name} failed to load: No such file or directory.`);
          void queue(helper, 'start');
        } catch (error) {
          unit.log(`Failed to enqueue OnFailure= job: ${(error as Error).message}`, 3);
        }
      }
    });
  }

  function stopped(job: Job) {
    if (job.kind !== 'restart') {
      finish(job, 'done');
      return;
    }
    job.kind = 'start';
    job.running = false;
    schedule();
  }

  function finish(job: Job, result: JobResult) {
    if (jobs.get(job.unit) === job) jobs.delete(job.unit);
    job.settle(result);
    schedule();
    if (job.kind !== 'start' || result === 'done') return;
    for (const other of [...jobs.values()]) {
      const needs = other.unit.settings?.dependencies;
      if (other.running || other.kind === 'stop' || !(needs?.Requires.includes(job.unit.name) || needs?.BindsTo.includes(job.unit.name)))
        continue;
      other.unit.log(`Dependency failed for ${other.unit.description}.`, 4);
      finish(other, 'dependency');
    }
  }

  return {
    queue,
    changed,
    restart(unit) {
      if (jobs.has(unit)) return;
      unit.log(`Stopping ${unit.description}...`);
      add(unit, 'start');
    },
    pending: (unit) => jobs.get(unit)?.kind ?? null,
  };
}

function isUp(unit: Unit): boolean {
  const word = activeWord(unit.life.state.status);
  return word !== 'inactive' && word !== 'failed';
}

function withResolver<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve!: (value: Value) => void;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
