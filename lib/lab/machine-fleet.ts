/** fleet on a machine: the agent, the engine that competes for the cluster's lead, and the API. */
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { FleetConfig } from './cloud-config/cloud-config.ts';
import type { Etcd } from './etcd/etcd.ts';
import { startAgent } from './fleet/agent.ts';
import { fleetHandler } from './fleet/api.ts';
import { startEngine } from './fleet/engine.ts';
import { Registry } from './fleet/registry.ts';
import type { MachineFacts } from './machine.ts';
import type { UnitManager } from './systemd/unit-manager.ts';

export interface MachineFleet {
  /** Serves the fleet API on a stream. */
  accept(stream: Duplex): void;
  /** Leaves the units as they are. */
  close(options: { graceful: boolean }): Promise<void>;
}

export interface FleetOptions {
  machine: MachineFacts;
  units: UnitManager;
  /** The cluster's. */
  etcd: Etcd;
  config: FleetConfig;
  report(text: string): void;
}

/** Of fleetd, as CoreOS 494.4.0 had it. */
const version = '0.8.3';

/** Listens on `fleet.sock` in the machine's run directory. */
export async function startFleet({ machine, units, etcd, config, report }: FleetOptions): Promise<MachineFleet> {
  const registry = new Registry(etcd.store);
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
  // The machine signs in before an engine looks for places, or it would move away what runs here.
  const agent = startAgent({ machine: { id: machine.id, address }, registry, units, metadata: config.metadata, report: complain });
  const engine = startEngine({ registry, machineId: machine.id, report: complain });
  return {
    accept: (stream) => void server.emit('connection', stream),
    async close(options) {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const stream of streams) stream.destroy();
      engine.close();
      agent.close(options);
      await closed;
    },
  };
}
