/** What a machine's systemd starts: its units, docker, and etcd and fleet once cloud-config says so. */
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { type AddressBook, openUnixSocket } from './address-book.ts';
import type { LabParts } from './boot-machine.ts';
import { createClosers } from './closers.ts';
import { applyUnits, asksToStart, explainBuiltin } from './cloud-config/apply-units.ts';
import type { CloudConfig } from './cloud-config/cloud-config.ts';
import { type EtcdConfig, type FleetConfig, fleetDefaults } from './cloud-config/service-sections.ts';
import type { CloudUnit } from './cloud-config/units-section.ts';
import { startDockerDaemon } from './docker/daemon.ts';
import type { Journal } from './journal/journal.ts';
import type { MachineFacts } from './machine.ts';
import { type MachineEtcd, startEtcd } from './machine-etcd.ts';
import { type MachineFleet, startFleet } from './machine-fleet.ts';
import { freezeMachineProcesses, killMachineProcesses } from './machine-processes.ts';
import type { MachineRecord } from './machine-records.ts';
import { startUnitManager } from './systemd/manager.ts';

export interface MachineServices {
  /**
   * Resolves with false when something that cloud-config asks for could not be started.
   * @param booting it is applied because the machine boots, not because it was handed over
   */
  apply(config: CloudConfig, log: (line: string) => void, booting: boolean): Promise<boolean>;
  /** Serves the fleet API on a stream; ends it when fleet does not run. */
  acceptFleet(stream: Duplex): void;
  etcdPort(): number | null;
  /** How many members there have to be before its etcd starts, while it waits for them. */
  awaitedMembers(): number | null;
  /** Everything stands still where it is, and nobody outside hears of it. */
  suspend(): Promise<void>;
  resume(): Promise<void>;
  close(how: MachineEnd): Promise<void>;
}

/**
 * `shutdown`: the cluster is told, and moves the machine's units. `app-end`: it is not, so that everything is in its place at the next
 * start. `power-cut`: it is not either, and no program gets the time to stop in order.
 */
export type MachineEnd = 'shutdown' | 'app-end' | 'power-cut';

type EtcdState =
  | { status: 'stopped' }
  /** `size` is set while it waits for other machines. */
  | { status: 'joining'; size: number | null }
  | { status: 'up'; member: MachineEtcd };

export interface ServicesContext extends LabParts {
  machine: MachineFacts;
  journal: Journal;
  record: MachineRecord;
  saveCluster(cluster: string): Promise<void>;
  /** Resolves when the machine's own programs reach every port that is open now. */
  networkSettled(): Promise<void>;
  /** Resolves once the machines that boot at the same time are up. */
  othersBooted: Promise<unknown>;
}

/** The socket unit of the sample user-data, and the port that it opens on the machine. */
const dockerSocketUnit = 'docker-tcp.socket';
export const dockerApiPort = 2375;
/** What units get to stop by themselves before their containers are stopped; the whole has to fit into five seconds. */
const stopMs = 2000;

export async function startServices(context: ServicesContext): Promise<MachineServices> {
  const { machine, journal, record, addressBook } = context;
  const closers = createClosers();
  const stopping = new AbortController();
  let etcd: EtcdState = { status: 'stopped' };
  let starting: Promise<unknown> = Promise.resolve();
  let fleet: MachineFleet | undefined;
  let fleetWanted: FleetConfig | null = null;
  let dockerTcp = false;
  let how: MachineEnd = 'app-end';
  let thaw: (() => void) | null = null;
  /** The spelling in user-data. */
  let etcdService: EtcdConfig['service'] | null = null;
  // What the lab itself is, in place of a unit file.
  const builtin = [
    { name: 'docker.service', description: 'Docker Application Container Engine' },
    { name: 'etcd.service', description: 'etcd', isActive: () => etcd.status !== 'stopped' && etcdService === 'etcd' },
    { name: 'etcd2.service', description: 'etcd2', isActive: () => etcd.status !== 'stopped' && etcdService === 'etcd2' },
    { name: 'fleet.service', description: 'fleet daemon', isActive: () => fleet !== undefined },
    { name: dockerSocketUnit, description: 'Docker Socket for the API', isActive: () => dockerTcp },
  ];
  const units = await startUnitManager({ machine, journal, builtin });
  const docker = await startDockerDaemon({
    machine,
    registry: context.registry,
    containerInit: context.containerInit,
    isolation: context.isolation,
    publish: createPublisher(addressBook, machine.address),
  }).catch(async (error) => {
    await units.close();
    throw error;
  });
  // Units may still want docker and etcd while they stop.
  closers.add(async () => {
    const stopped = units.close({ kill: how === 'power-cut' });
    if (how === 'power-cut') killMachineProcesses(machine.run);
    await Promise.race([stopped, setTimeout(stopMs, undefined, { ref: false })]);
    await Promise.all([stopped, docker.close()]);
  });

  /** Resolves as soon as etcd and fleet run, or etcd waits for other machines; false when something failed. */
  function ensureEtcd(config: EtcdConfig, log: (line: string) => void): Promise<boolean> {
    if (etcd.status === 'joining') return Promise.resolve(true);
    return new Promise((resolve) => {
      const say = (text: string) => {
        for (const message of text.split('\n')) {
          journal.append({ unit: `${config.service}.service`, identifier: config.service, pid: null, message, priority: 6 });
          log(`${config.service}: ${message}`);
        }
      };
      const onWaiting = (size: number) => {
        etcd = { status: 'joining', size };
        resolve(true);
      };
      starting = runEtcd(config, say, onWaiting).then(
        () => resolve(true),
        (error: Error) => {
          if (!stopping.signal.aborted) say(error.message);
          resolve(false);
        },
      );
    });
  }

  async function runEtcd(config: EtcdConfig, say: (text: string) => void, onWaiting: (size: number) => void): Promise<void> {
    if (etcd.status !== 'up') {
      etcd = { status: 'joining', size: null };
      const { number, cluster } = record;
      const member = await startEtcd({ ...context, number, signal: stopping.signal, log: say, onWaiting }, config, cluster).catch(
        (error) => {
          etcd = { status: 'stopped' };
          throw error;
        },
      );
      // Whoever is told that it is up may ask it at once, from inside the machine too.
      await context.networkSettled();
      etcd = { status: 'up', member };
      await context.saveCluster(member.cluster);
    }
    if (fleetWanted === null || fleet !== undefined || stopping.signal.aborted) return;
    const { othersBooted, report } = context;
    fleet = await startFleet({ machine, units, etcd: etcd.member.membership.etcd, config: fleetWanted, othersBooted, report });
    if (thaw !== null) fleet.pause();
  }

  return {
    async apply(config, log, booting) {
      const starts = (name: string) => asksToStart(config.units, name);
      const isBuiltin = (unit: CloudUnit) => builtin.some(({ name }) => name === unit.name);
      for (const unit of config.units.filter(isBuiltin)) explainBuiltin(unit, unit.name === dockerSocketUnit).forEach(log);
      if (starts('fleet.service')) fleetWanted = config.fleet ?? fleetDefaults;
      if (starts(dockerSocketUnit) && !dockerTcp) {
        dockerTcp = true;
        closers.add(addressBook.enter(machine.address, dockerApiPort, () => openUnixSocket(join(machine.run, 'docker.sock'))));
      }
      await applyUnits(
        config.units.filter((unit) => !isBuiltin(unit)),
        units,
        log,
        booting,
      );
      const service = starts('etcd2.service') ? 'etcd2' : starts('etcd.service') ? 'etcd' : null;
      if (service === null) return true;
      if (etcd.status === 'stopped') etcdService = service;
      const settings = config.etcd ?? { service, discovery: null, peerUrl: `http://${machine.address}:7001`, environment: {} };
      return ensureEtcd(settings, log);
    },
    acceptFleet(stream) {
      if (fleet) fleet.accept(stream);
      else stream.destroy();
    },
    etcdPort: () => (etcd.status === 'up' ? etcd.member.port : null),
    awaitedMembers: () => (etcd.status === 'joining' ? etcd.size : null),
    async suspend() {
      if (thaw !== null) return;
      fleet?.pause();
      units.clock.pause();
      thaw = freezeMachineProcesses(machine.run);
      if (etcd.status === 'up') await etcd.member.pause();
    },
    async resume() {
      if (thaw === null) return;
      if (etcd.status === 'up') await etcd.member.resume();
      thaw();
      thaw = null;
      units.clock.resume();
      fleet?.resume();
    },
    async close(wanted) {
      how = wanted;
      if (how !== 'power-cut') thaw?.();
      stopping.abort();
      await starting;
      await fleet?.close({ graceful: how === 'shutdown' });
      await closers.closeAll();
      if (etcd.status === 'up') await etcd.member.close();
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
