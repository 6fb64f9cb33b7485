// fleet's agent on one machine: makes the machine's units what the registry says, and reports their states.
import { unitText } from '#lib/cluster/unit-file.ts';
import type { MachineFacts } from '../machine.ts';
import type { UnitManager } from '../systemd/unit-manager.ts';
import { concerns, fleetPrefix } from './fleet-keys.ts';
import type { Job } from './job-index.ts';
import type { Registry } from './registry.ts';
import type { Machine, UnitState } from './registry-values.ts';
import { canRun } from './scheduler.ts';
import { soon } from './soon.ts';
import { partsOfName } from './unit-name.ts';

export interface AgentOptions {
  machine: Pick<MachineFacts, 'id' | 'address'>;
  registry: Registry;
  units: UnitManager;
  /** From the machine's configuration: `region=us-east-1`. */
  metadata?: Record<string, string>;
  /** Takes what went wrong; the agent tries again later. */
  report?: (error: unknown) => void;
}

export interface Agent {
  /** The machine stands still: it neither beats nor acts, so its keys may expire. */
  pause(): void;
  /** Signs in again, and first of all lets go of what was moved away meanwhile. */
  resume(): void;
  /**
   * Ends the agent; the units themselves are left to systemd.
   * @param graceful the machine is shut down in order: its keys are removed at once. Otherwise they expire, as when a
   * machine loses its power.
   */
  close(options: { graceful: boolean }): void;
}

/** What the agent has made of a unit on its machine. */
interface Held {
  hash: string;
  launched: boolean;
}

/** The agent's own round; most changes are acted on at once. */
const reconcileMs = 5000;

export function startAgent({ machine, registry, units, metadata = {}, report = () => {} }: AgentOptions): Agent {
  const self: Machine = { id: machine.id, primaryIP: machine.address, metadata };
  const held = new Map<string, Held>();
  const busy = new Set<string>();
  let closed = false;
  let paused = false;
  const isIdle = () => closed || paused;

  /** The units that the registry wants on this machine, by name. */
  function wantedJobs(): Map<string, Job> {
    const jobs = registry.jobs().filter(({ targetState }) => targetState !== 'inactive');
    const wanted = new Map(
      jobs.filter(({ requirements, target }) => !requirements.global && target === machine.id).map((job) => [job.name, job]),
    );
    const current = registry.machines().find(({ id }) => id === machine.id) ?? self;
    for (const job of jobs) {
      if (!job.requirements.global || partsOfName(job.name).isTemplate) continue;
      if (canRun(job, current, [...wanted.values()])) wanted.set(job.name, job);
    }
    return wanted;
  }

  function reconcile(): void {
    if (isIdle()) return;
    const wanted = wantedJobs();
    for (const name of new Set([...wanted.keys(), ...held.keys()])) {
      if (busy.has(name) || !nextStep(wanted.get(name), held.get(name))) continue;
      busy.add(name);
      converge(name).then(
        () => {
          busy.delete(name);
          reconcileSoon(); // a change may have come after the last look
        },
        (error) => {
          busy.delete(name);
          if (!closed) report(error);
        },
      );
    }
  }

  /** One unit's steps run one after the other, whatever the other units do; stopping one may take minutes. */
  async function converge(name: string): Promise<void> {
    for (;;) {
      const job = wantedJobs().get(name);
      const step = nextStep(job, held.get(name));
      if (isIdle() || !step) return;
      await steps[step](name, job!);
    }
  }

  const steps = {
    async load(name: string, job: Job) {
      await units.load(name, unitText(job.options));
      if (closed) return;
      held.set(name, { hash: job.hash, launched: false });
      publish(name);
    },
    async start(name: string) {
      // Launched means that systemd was asked to start it; what became of that is told by its state.
      await units.start(name).catch(report);
      const unit = held.get(name);
      if (closed || !unit) return;
      unit.launched = true;
      publish(name); // before it counts as launched: fleetctl 1.0.0 cannot bear a launched unit without a state
      registry.setLaunched(name, machine.id);
    },
    async stop(name: string) {
      held.get(name)!.launched = false;
      registry.clearLaunched(name, machine.id);
      await units.stop(name);
    },
    async unload(name: string) {
      registry.clearLaunched(name, machine.id);
      await units.unload(name);
      held.delete(name);
      if (!closed) registry.removeState(name, machine.id);
    },
  };

  function publish(name: string): void {
    const unit = held.get(name);
    if (isIdle() || !unit) return;
    const { load, active, sub } = units.states().find((state) => state.name === name) ?? unknown;
    const state: UnitState = {
      ...{ name, hash: unit.hash, machineID: machine.id },
      ...{ systemdLoadState: load, systemdActiveState: active, systemdSubState: sub },
    };
    registry.setState(state);
  }

  function beat(): void {
    if (paused) return;
    registry.setMachine(self);
    const wanted = wantedJobs();
    for (const [name, { launched }] of held) {
      publish(name);
      // A unit that is on its way to another machine is no longer this one's to speak of.
      if (launched && wanted.has(name)) registry.setLaunched(name, machine.id);
    }
  }

  const reconcileSoon = soon(reconcile, report);
  const beatSafely = soon(beat, report);
  const watcher = registry.store.watch(fleetPrefix, { recursive: true, stream: true }, ({ action, node }) => {
    // The computer may have slept, or had no time for this process: whoever is here to see it has not been lost.
    if (action === 'expire') beatSafely();
    if (['job', 'unit', 'machines'].some((part) => concerns(node.key, part))) reconcileSoon();
  });
  const forgetUnits = units.onState(({ name }) => {
    try {
      publish(name);
    } catch (error) {
      report(error);
    }
  });
  const timers = [setInterval(reconcileSoon, reconcileMs).unref(), setInterval(beatSafely, (registry.ttl * 1000) / 2).unref()];
  registry.setMachine(self);
  reconcileSoon();

  return {
    pause() {
      paused = true;
    },
    resume() {
      if (!paused) return;
      paused = false;
      beatSafely();
      reconcileSoon();
    },
    close({ graceful }) {
      if (closed) return;
      closed = true;
      for (const timer of timers) clearInterval(timer);
      watcher.close();
      forgetUnits();
      if (!graceful) return;
      for (const name of held.keys()) {
        registry.clearLaunched(name, machine.id);
        registry.removeState(name, machine.id);
      }
      registry.removeMachine(machine.id);
    },
  };
}

type Step = 'load' | 'start' | 'stop' | 'unload';

/** One step at a time towards what is wanted; undefined when there is nothing to do. */
function nextStep(job: Job | undefined, held: Held | undefined): Step | undefined {
  if (!held) return job ? 'load' : undefined;
  if (!job || job.hash !== held.hash) return 'unload';
  if (job.targetState === 'launched') return held.launched ? undefined : 'start';
  return held.launched ? 'stop' : undefined;
}

/** For the moment between the load and the first report of systemd. */
const unknown = { load: 'loaded', active: 'inactive', sub: 'dead' };
