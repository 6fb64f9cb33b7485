/** What a machine's systemd starts: its units, docker, and etcd and fleet once cloud-config says so. */
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type AddressBook, openUnixSocket } from './address-book.ts';
import type { LabParts } from './boot-machine.ts';
import { createClosers } from './closers.ts';
import type { CloudConfig, CloudUnit, EtcdConfig, FleetConfig } from './cloud-config/cloud-config.ts';
import { startDockerDaemon } from './docker/daemon.ts';
import type { Journal } from './journal/journal.ts';
import type { MachineFacts } from './machine.ts';
import { type MachineEtcd, startEtcd } from './machine-etcd.ts';
import { type MachineFleet, startFleet } from './machine-fleet.ts';
import type { MachineRecord } from './machine-records.ts';

export interface MachineServices {
  /** Resolves with false when something that cloud-config asks for could not be started. */
  apply(config: CloudConfig, log: (line: string) => void): Promise<boolean>;
  /** Serves the fleet API on a stream; ends it when fleet does not run. */
  acceptFleet(stream: Duplex): void;
  etcdPort(): number | null;
  close(): Promise<void>;
}

export interface ServicesContext extends LabParts {
  machine: MachineFacts;
  journal: Journal;
  record: MachineRecord;
  saveCluster(cluster: string): Promise<void>;
}

/** Starting or re-starting means the same here: what runs already stays as it is. */
const startCommands = new Set(['start', 'restart', 'reload-or-restart']);
/** The socket unit of the sample user-data, and the port that it opens on the machine. */
const dockerSocketUnit = 'docker-tcp.socket';
export const dockerApiPort = 2375;
/** What the lab itself is, in place of a unit file. */
const builtinUnits = ['docker.service', 'etcd.service', 'etcd2.service', 'fleet.service', dockerSocketUnit];
const isBuiltin = (name: string) => builtinUnits.includes(name);
const startUnitManager = async (_: unknown) => ({
  load: async (_n: string, _t: string) => {},
  start: async (_n: string) => {},
  close: async () => {},
});

export async function startServices(context: ServicesContext): Promise<MachineServices> {
  const { machine, journal, record, addressBook } = context;
  const closers = createClosers();
  const stopping = new AbortController();
  const units = await startUnitManager({ machine, journal, builtin: builtinUnits });
  const docker = await startDockerDaemon({
    machine,
    registry: context.registry,
    containerInit: context.containerInit,
    publish: createPublisher(addressBook, machine.address),
  }).catch(async (error) => {
    await units.close();
    throw error;
  });
  closers.add(() => docker.close());
  // Units may still want docker and etcd while they stop.
  closers.add(() => units.close());

  /** Set from the first attempt to start etcd until it failed. */
  let etcd: Promise<MachineEtcd | null> | undefined;
  let etcdPort: number | null = null;
  let fleet: MachineFleet | undefined;
  let fleetWanted: FleetConfig | null = null;
  let dockerTcp = false;

  /** Resolves as soon as etcd runs, or waits for other machines; false when it failed. */
  function ensureEtcd(config: EtcdConfig, log: (line: string) => void): Promise<boolean> {
    if (etcd !== undefined) return Promise.resolve(true);
    return new Promise((resolve) => {
      const say = (text: string) => {
        for (const message of text.split('\n')) {
          journal.append({ unit: `${config.service}.service`, identifier: config.service, pid: null, message, priority: 6 });
          log(`${config.service}: ${message}`);
        }
      };
      const member = startEtcd(
        { ...context, number: record.number, signal: stopping.signal, log: say, onWaiting: () => resolve(true) },
        config,
        record.cluster,
      );
      etcd = member.then(
        async (started) => {
          etcdPort = started.port;
          await context.saveCluster(started.cluster);
          await ensureFleet(started);
          resolve(true);
          return started;
        },
        (error) => {
          etcd = undefined;
          if (!stopping.signal.aborted) say(error.message);
          resolve(false);
          return null;
        },
      );
    });
  }

  async function ensureFleet(member: MachineEtcd): Promise<void> {
    if (fleetWanted === null || fleet !== undefined || stopping.signal.aborted) return;
    fleet = await startFleet({ machine, units, membership: member.membership, config: fleetWanted });
  }

  async function startUnit(unit: CloudUnit): Promise<void> {
    if (unit.content !== null) await units.load(unit.name, unit.content);
    if (unit.command !== null && startCommands.has(unit.command)) await units.start(unit.name);
  }

  return {
    async apply(config, log) {
      const starts = (name: string) =>
        config.units.some((unit) => unit.name === name && unit.command !== null && startCommands.has(unit.command));
      if (starts('fleet.service')) fleetWanted = config.fleet ?? { publicIp: null, metadata: {}, environment: {} };
      if (starts(dockerSocketUnit) && !dockerTcp) {
        dockerTcp = true;
        closers.add(addressBook.enter(machine.address, dockerApiPort, () => openUnixSocket(join(machine.run, 'docker.sock'))));
      }
      for (const unit of config.units) if (!isBuiltin(unit.name)) await startUnit(unit);
      const service = starts('etcd2.service') ? 'etcd2' : starts('etcd.service') ? 'etcd' : null;
      if (service === null) return true;
      const settings = config.etcd ?? { service, discovery: null, peerUrl: `http://${machine.address}:7001`, environment: {} };
      return ensureEtcd(settings, log);
    },
    acceptFleet(stream) {
      if (fleet) fleet.accept(stream);
      else stream.destroy();
    },
    etcdPort: () => etcdPort,
    async close() {
      stopping.abort();
      const member = await etcd;
      await fleet?.close();
      await closers.closeAll();
      await member?.close();
    },
  };
}

/** Docker publishes a port as a socket that its container listens on. */
function createPublisher(addressBook: AddressBook, address: string): (port: number, socketPath: string | null) => void {
  const entries = new Map<number, () => void>();
  return (port, socketPath) => {
    entries.get(port)?.();
    entries.delete(port);
    if (socketPath !== null)
      entries.set(
        port,
        addressBook.enter(address, port, () => openUnixSocket(socketPath)),
      );
  };
}
