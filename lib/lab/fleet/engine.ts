// fleet's engine: the one among the machines that holds the lease assigns units to machines.
import { concerns, fleetPrefix } from './fleet-keys.ts';
import type { Registry } from './registry.ts';
import { decide } from './scheduler.ts';
import { soon } from './soon.ts';

export interface EngineOptions {
  registry: Registry;
  /** The machine on whose behalf it competes for the lead. */
  machineId: string;
  /** Takes what went wrong; the engine goes on. */
  report?: (error: unknown) => void;
}

export interface Engine {
  readonly isLeader: boolean;
  /** Gives the lead to another machine's engine. */
  close(): void;
}

/** fleet's `engine_reconcile_interval`; most changes are acted on at once. */
const reconcileMs = 2000;
/** Five missed rounds lose the lead; seconds. */
const leaseTtl = (5 * reconcileMs) / 1000;
const relevant = ['job', 'unit', 'machines', 'lease'];

export function startEngine({ registry, machineId, report = () => {} }: EngineOptions): Engine {
  let isLeader = false;
  let closed = false;

  function reconcile(): void {
    if (closed) return;
    isLeader = registry.lead(machineId, leaseTtl);
    if (!isLeader) return;
    for (const decision of decide(registry.machines(), registry.jobs())) {
      if ('unschedule' in decision) registry.unschedule(decision.unschedule);
      else registry.schedule(decision.schedule, decision.machineId);
    }
  }

  const reconcileSoon = soon(reconcile, report);
  const watcher = registry.store.watch(fleetPrefix, { recursive: true, stream: true }, ({ node }) => {
    if (relevant.some((part) => concerns(node.key, part))) reconcileSoon();
  });
  const timer = setInterval(reconcileSoon, reconcileMs).unref();
  reconcileSoon();
  return {
    get isLeader() {
      return isLeader;
    },
    close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      watcher.close();
      registry.resign(machineId);
      isLeader = false;
    },
  };
}
