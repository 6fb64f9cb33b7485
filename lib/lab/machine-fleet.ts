/** fleet on a machine: the agent, the engine that competes for the cluster's lead, and the API. */
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { FleetConfig } from './cloud-config/service-sections.ts';
import type { Etcd } from './etcd/etcd.ts';
import { startAgent } from './fleet/agent.ts';
import { fleetHandler } from './fleet/api.ts';
import { type Engine, startEngine } from './fleet/engine.ts';
import { Registry } from './fleet/registry.ts';
import type { MachineFacts } from './machine.ts';
import type { UnitManager } from './systemd/unit-manager.ts';

export interface MachineFleet {
  /** Serves the fleet API on a stream. */
  accept(stream: Duplex): void;
  /** The machine is suspended: the cluster hears nothing of it any more. */
  pause(): void;
  resume(): void;
  /** Leaves the units as they are. */
  close(options: { graceful: boolean }): Promise<void>;
}

export interface FleetOptions {
  machine: MachineFacts;
  units: UnitManager;
  /** The cluster's. */
  etcd: Etcd;
  config: FleetConfig;
  /** Resolves once the machines that boot at the same time have signed in: to an engine that looks before, they are lost. */
  othersBooted: Promise<unknown>;
  report(text: string): void;
}

/** Of fleetd, as CoreOS 494.4.0 had it. */
const version = '0.8.3';

/** Listens on `fleet.sock` in the machine's run directory. */
export async function startFleet({ machine, units, etcd, config, othersBooted, report }: FleetOptions): Promise<MachineFleet> {
  const registry = new Registry(etcd.store, config.agentTtl ?? undefined);
  const complain = (error: unknown) => report(`fleet on ${machine.name}: ${error instanceof Error ? error.message : error}`);
  const address = config.publicIp ?? machine.address;
  const server = createServer(fleetHandler({ registry, version, durable: () => etcd.durable() }));
  const streams = new Set<Duplex>();
  server.on('connection', (stream: Duplex) => {
    streams.add(stream);
    stream.once('close', () => streams.delete(stream));
  });
  const path = join(machine.run, 'fleet.sock');
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  const agent = startAgent({ machine: { id: machine.id, address }, registry, units, metadata: config.metadata, report: complain });
  let engine: Engine | undefined;
  let state: 'running' | 'paused' | 'closed' = 'running';
  void othersBooted.then(() => {
    if (state === 'closed') return;
    const reconcileMs = config.reconcileSeconds === null ? undefined : config.reconcileSeconds * 1000;
    engine = startEngine({ registry, machineId: machine.id, ...(reconcileMs && { reconcileMs }), report: complain });
    if (state === 'paused') engine.pause();
  });
  return {
    accept: (stream) => void server.emit('connection', stream),
    pause() {
      state = 'paused';
      agent.pause();
      engine?.pause();
    },
    resume() {
      state = 'running';
      agent.resume();
      engine?.resume();
    },
    async close(options) {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const stream of streams) stream.destroy();
      state = 'closed';
      engine?.close(options);
      agent.close(options);
      await closed;
    },
  };
}
