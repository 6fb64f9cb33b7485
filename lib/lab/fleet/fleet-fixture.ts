// A registry on a fake clock and machines whose systemd is imitated; only for tests.
import { onTestFinished } from 'vitest';
import type { UnitOption } from '#lib/cluster/fleet-client.ts';
import { parseUnitFile } from '#lib/cluster/unit-file.ts';
import { fakeClock } from '../etcd/fake-clock.ts';
import { KeyStore } from '../etcd/key-store.ts';
import type { UnitManager, UnitState } from '../systemd/unit-manager.ts';
import { startAgent } from './agent.ts';
import { startEngine } from './engine.ts';
import { Registry } from './registry.ts';

/** Every job takes one turn; what was asked of it stands in `calls`. */
export function fakeUnits() {
  const states = new Map<string, UnitState>();
  const listeners = new Set<(state: UnitState) => void>();
  const calls: string[] = [];
  let failing = false;
  function change(name: string, active: string, sub: string): void {
    const state = { name, load: 'loaded', active, sub };
    states.set(name, state);
    for (const listener of listeners) listener(state);
  }
  const manager: UnitManager = {
    async load(name) {
      if (failing) throw new Error('no space left');
      calls.push(`load ${name}`);
      change(name, 'inactive', 'dead');
    },
    async unload(name) {
      calls.push(`unload ${name}`);
      states.delete(name);
    },
    async start(name) {
      calls.push(`start ${name}`);
      change(name, 'active', 'running');
    },
    async stop(name) {
      calls.push(`stop ${name}`);
      change(name, 'inactive', 'dead');
    },
    states: () => [...states.values()],
    onState(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    manager,
    calls,
    change,
    fail(value: boolean) {
      failing = value;
    },
  };
}

export function newRegistry() {
  const clock = fakeClock();
  const store = new KeyStore(clock);
  /** Lets a machine's keys expire and the engines see it. */
  async function pass(milliseconds: number): Promise<void> {
    clock.advance(milliseconds);
    store.expire();
    await settle();
  }
  return { store, registry: new Registry(store), pass };
}

export function startMachine(registry: Registry, number: number, metadata: Record<string, string> = {}) {
  const id = String(number).repeat(32);
  const units = fakeUnits();
  const problems: unknown[] = [];
  const report = (error: unknown) => problems.push(error);
  const agent = startAgent({ machine: { id, address: `172.17.8.10${number}` }, registry, units: units.manager, metadata, report });
  const engine = startEngine({ registry, machineId: id, report });
  /** `graceful: false` is a machine that loses its power. */
  function stop(graceful: boolean): void {
    agent.close({ graceful });
    engine.close({ graceful });
  }
  onTestFinished(() => stop(true));
  return { id, units, problems, agent, engine, stop };
}

export function options(text: string): UnitOption[] {
  return parseUnitFile(text);
}

/** A small service, with lines of [X-Fleet]. */
export function service(...requirements: string[]): UnitOption[] {
  return options(`[Service]\nExecStart=/bin/true\n${requirements.length > 0 ? `[X-Fleet]\n${requirements.join('\n')}\n` : ''}`);
}

/** Long enough for all queued microtasks of engines and agents. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
