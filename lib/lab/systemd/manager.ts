// A machine's systemd: its loaded units, their jobs, and the socket that systemctl and journalctl talk to.
import { join } from 'node:path';
import type { Journal } from '#lib/lab/journal/journal.ts';
import type { MachineFacts } from '#lib/lab/machine.ts';
import { serveUnits, type UnitCommandKind, type UnitControl } from './api.ts';
import { type BuiltinUnit, builtinStatus, maskedStatus, reachedTargets } from './builtin-units.ts';
import { createJobs, type JobResult } from './jobs.ts';
import { type MachineClock, machineClock } from './machine-clock.ts';
import type { ServiceState } from './service-state.ts';
import { createUnit, type Unit } from './unit.ts';
import { clearRuntimeUnits, fleetPlace, removeUnitFiles, type UnitPlace, writeUnitFiles } from './unit-files.ts';
import type { UnitManager, UnitState } from './unit-manager.ts';
import { activeWord, type UnitStatus } from './unit-status.ts';

export interface UnitManagerOptions {
  machine: MachineFacts;
  journal: Journal;
  /** What belongs to the machine itself, such as docker.service. */
  builtin: BuiltinUnit[];
}

export interface RunningUnitManager extends UnitManager {
  /** As `load` of fleet's units, for those that cloud-config brings. */
  load(name: string, text: string, place?: UnitPlace): Promise<void>;
  /** Nobody can start it from now on. */
  mask(name: string): void;
  /** Whether its [Install] section names a target that every boot reaches. */
  isWanted(name: string): boolean;
  /** What systemctl does with it; the job is queued when this resolves. */
  run(name: string, kind: UnitCommandKind): Promise<void>;
  /**
   * Stops all units as a shutdown does, in at most five seconds, and closes the socket.
   * @param kill as when the power is cut: nothing gets the time to stop in order
   */
  close(options?: { kill: boolean }): Promise<void>;
  /** The machine's own time, which stands still while it is suspended. */
  readonly clock: MachineClock;
}

/** What a shutdown gives the units before it kills them, and then their processes to be gone. Together under five seconds. */
const stopGraceMs = 3000;
const killGraceMs = 1000;

export async function startUnitManager({ machine, journal, builtin }: UnitManagerOptions): Promise<RunningUnitManager> {
  const units = new Map<string, Unit>();
  const always = new Map([...reachedTargets, ...builtin].map((unit: BuiltinUnit) => [unit.name, unit]));
  const bootedAt = Date.now();
  const listeners = new Set<(state: UnitState) => void>();
  const jobs = createJobs(units, (name) => always.has(name));
  const clock = machineClock();
  let closing = false;

  const masked = new Set<string>();
  clearRuntimeUnits(machine.directory); // what was launched is loaded again by fleet

  function notify(state: UnitState) {
    for (const listener of [...listeners]) listener(state);
  }

  function stateOf(unit: Unit): UnitState {
    const { status } = unit.life.state;
    return { name: unit.name, load: loadWord(unit), active: activeWord(status), sub: status };
  }

  function loadWord({ name, settings }: Unit): string {
    return masked.has(name) ? 'masked' : settings ? 'loaded' : 'error';
  }

  function statusOf(unit: Unit): UnitStatus {
    const status = unit.status();
    return masked.has(unit.name) ? { ...status, load: 'masked', enabled: 'masked' } : status;
  }

  function changed(unit: Unit, state: ServiceState) {
    jobs.changed(unit, state);
    if (units.get(unit.name) === unit) notify(stateOf(unit));
  }

  function known(name: string): Unit {
    const unit = units.get(name);
    if (masked.has(name)) throw new Error(`Unit ${name} is masked.`);
    if (!unit) throw new Error(`Unit ${name} failed to load: No such file or directory.`);
    if (!unit.settings) throw new Error(`Unit ${name} failed to load: Invalid argument. See 'systemctl status ${name}' for details.`);
    if (/@\.\w+$/.test(name)) throw new Error(`Unit name ${name} is not valid: it is a template and needs an instance.`);
    return unit;
  }

  function queue(name: string, kind: UnitCommandKind): Promise<JobResult> {
    if (always.has(name)) {
      if (kind === 'start') return Promise.resolve('done');
      throw new Error(`Unit ${name} belongs to the machine and cannot be ${pastTense(kind)}. Use vagrant halt to stop the machine.`);
    }
    // A unit that cannot be started can still be stopped.
    const unit = kind === 'stop' ? units.get(name) : known(name);
    if (!unit) throw new Error(`Unit ${name} not loaded.`);
    const { settings } = unit;
    const isActive = activeWord(unit.life.state.status) === 'active';
    const canReload = (settings?.exec.reload.length ?? 0) > 0;
    const refused = kind === 'stop' ? settings?.refuseManualStop : settings?.refuseManualStart;
    if (refused && kind !== 'reload') {
      throw new Error(`Operation refused, unit ${name} may be requested by dependency only.`);
    }
    if (kind === 'start' || kind === 'stop' || kind === 'restart') return jobs.queue(unit, kind);
    if (kind === 'reload' && !canReload) throw new Error(`Job type reload is not applicable for unit ${name}.`);
    if (kind === 'reload' || (canReload && isActive && kind !== 'try-restart')) return jobs.queue(unit, 'reload');
    return isActive || kind === 'reload-or-restart' ? jobs.queue(unit, 'restart') : Promise.resolve('done');
  }

  const control: UnitControl = {
    statuses: () => [...[...always.values()].map((unit) => builtinStatus(unit, bootedAt)), ...[...units.values()].map(statusOf)],
    status(name) {
      const [builtinUnit, unit] = [always.get(name), units.get(name)];
      if (builtinUnit) return builtinStatus(builtinUnit, bootedAt);
      if (unit) return statusOf(unit);
      return masked.has(name) ? maskedStatus(name) : null;
    },
    run: async (name, kind) => ({ outcome: queue(name, kind) }),
    kill(name, signal, who) {
      const unit = units.get(name);
      if (!unit) throw new Error(`Unit ${name} not loaded.`);
      unit.kill(signal, who);
    },
    reset(name) {
      for (const unit of units.values()) if (name === null || unit.name === name) unit.life.reset();
    },
  };

  const server = await serveUnits({ path: join(machine.run, 'systemd.sock'), control, journal, machineId: machine.id });

  return {
    clock,
    async load(name, text, place = fleetPlace) {
      if (closing) throw new Error(`${machine.name} is shutting down; ${name} was not loaded.`);
      checkName(name);
      if (always.has(name)) throw new Error(`Unit ${name} belongs to the machine and cannot be replaced.`);
      const refusal = refusalOf(name);
      const unit =
        units.get(name) ??
        createUnit({ name, machine, journal, clock, changed, restart: (restarted) => !closing && jobs.restart(restarted) });
      unit.read({ ...writeUnitFiles(machine.directory, name, text, place), ...(refusal !== undefined && { refusal }) });
      units.set(name, unit);
      notify(stateOf(unit));
    },
    mask: (name) => void masked.add(name),
    isWanted: (name) => units.get(name)?.settings?.installedFor.some((target) => always.has(target)) ?? false,
    async run(name, kind) {
      void queue(name, kind);
    },
    async unload(name) {
      const unit = units.get(name);
      if (!unit) return;
      await jobs.queue(unit, 'stop');
      // It may have been started or loaded again while it stopped; then it stays.
      if (units.get(name) !== unit || jobs.pending(unit) !== null) return;
      units.delete(name);
      removeUnitFiles(machine.directory, unit.source);
      notify({ name, load: 'not-found', active: 'inactive', sub: 'dead' });
    },
    async start(name) {
      if (closing) throw new Error(`${machine.name} is shutting down; ${name} was not started.`);
      if (always.has(name)) return;
      const unit = known(name);
      unit.life.reset();
      try {
        void jobs.queue(unit, 'start');
      } catch (error) {
        unit.log(`Failed to start ${unit.description}: ${(error as Error).message}`, 3);
        throw error;
      }
    },
    async stop(name) {
      const unit = units.get(name);
      if (!unit) throw new Error(`Unit ${name} not loaded.`);
      void jobs.queue(unit, 'stop');
    },
    states: () => [...units.values()].map(stateOf).sort((a, b) => (a.name < b.name ? -1 : 1)),
    onState(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close({ kill } = { kill: false }) {
      if (closing) return;
      closing = true;
      clock.resume(); // stopping takes its timeouts
      const all = [...units.values()];
      if (kill) for (const unit of all) unit.life.kill();
      await within(stopGraceMs, Promise.all(all.map((unit) => jobs.queue(unit, 'stop'))));
      const left = all.filter((unit) => !isDown(unit));
      for (const unit of left) unit.life.kill();
      await within(killGraceMs, Promise.all(left.map((unit) => jobs.queue(unit, 'stop'))));
      listeners.clear();
      await server.close();
    },
  };
}

const suffixes = '.service .socket .device .mount .automount .swap .target .path .timer .snapshot .slice .scope'.split(' ');

/** A name becomes a file's name, so it must not be able to leave its directory. */
function checkName(name: string): void {
  const suffix = name.slice(name.lastIndexOf('.'));
  if (name.length > 255 || !/^[\w:.\\@-]+$/.test(name) || !suffixes.includes(suffix)) {
    throw new Error(
      `Unit name ${JSON.stringify(name.slice(0, 300))} is not valid: it needs a type such as .service, and letters, digits or ":-_.\\@" before it.`,
    );
  }
}

/** A unit of another kind is kept, as one that cannot be loaded: whoever wanted it is to find out from its status. */
function refusalOf(name: string): string | undefined {
  const kind = name.slice(name.lastIndexOf('.') + 1);
  return kind === 'service'
    ? undefined
    : `${name} is not supported in this lab: its machines run .service units only, and no .${kind} units.`;
}

function pastTense(kind: UnitCommandKind): string {
  if (kind === 'stop') return 'stopped';
  return kind === 'reload' ? 'reloaded' : 'restarted';
}

function isDown(unit: Unit): boolean {
  const word = activeWord(unit.life.state.status);
  return word === 'inactive' || word === 'failed';
}

/** Waits for the work, but no longer than so many milliseconds. */
async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)))]);
  clearTimeout(timer);
}
