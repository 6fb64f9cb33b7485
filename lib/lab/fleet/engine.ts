// fleet's engine: the one among the machines that holds the lease assigns units to machines.
import { concerns, fleetPrefix } from './fleet-keys.ts';
import type { Registry } from './registry.ts';
import { decide } from './scheduler.ts';
import { soon } from './soon.ts';

export interface EngineOptions {
  registry: Registry;
  /** The machine on whose behalf it competes for the lead. */
  machineId: string;
  /** fleet's `engine_reconcile_interval`; most changes are acted on at once. */
  reconcileMs?: number;
  /** Takes what went wrong; the engine goes on. */
  report?: (error: unknown) => void;
}

export interface Engine {
  readonly isLeader: boolean;
  /** Does nothing until `resume`; if it leads, another machine's engine takes the lead once the lease is over. */
  pause(): void;
  resume(): void;
  /** @param graceful gives the lead to another machine's engine at once; otherwise the lease runs out */
  close(options: { graceful: boolean }): void;
}

/** Five missed rounds lose the lead. */
const roundsPerLease = 5;
const relevant = ['job', 'unit', 'machines', 'lease'];

export function startEngine({ registry, machineId, reconcileMs = 2000, report = () => {} }: EngineOptions): Engine {
  let isLeader = false;
  let closed = false;
  let paused = false;

  function reconcile(): void {
    if (closed || paused) return;
    isLeader = registry.lead(machineId, (roundsPerLease * reconcileMs) / 1000);
    if (!isLeader) return;
    for (const decision of decide(registry.machines(), registry.jobs())) {
      if ('unschedule' in decision) registry.unschedule(decision.unschedule);
      else registry.schedule(decision.schedule, decision.machineId);
    }
  }

  // After the agents: one that is alive signs in again when its keys have expired in a process that was held up, or asleep.
  const reconcileSoon = soon(reconcile, report, setImmediate);
  const watcher = registry.store.watch(fleetPrefix, { recursive: true, stream: true }, ({ node }) => {
    if (relevant.some((part) => concerns(node.key, part))) reconcileSoon();
  });
  const timer = setInterval(reconcileSoon, reconcileMs).unref();
  reconcileSoon();
  return {
    get isLeader() {
      return isLeader;
    },
    pause() {
      paused = true;
      isLeader = false;
    },
    resume() {
      paused = false;
      reconcileSoon();
    },
    close({ graceful }) {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      watcher.close();
      if (graceful) registry.resign(machineId);
      isLeader = false;
    },
  };
}
