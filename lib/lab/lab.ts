/** The lab: the machines that exist, those that run, and what happens to them. */
import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { ActionRequest, LabStatus, MachineStatus } from './api.ts';
import { bootMachine, type LabParts, type RunningMachine } from './boot-machine.ts';
import type { Isolation } from './docker/sandbox.ts';
import { choosePort } from './free-port.ts';
import { machineDirectory } from './machine-files.ts';
import { type MachineRecord, type MachineRecords, machineAddress } from './machine-records.ts';
import type { MachineIsolation } from './machine-sandbox.ts';
import { ActionError } from './vagrant/action-error.ts';

export interface Lab {
  /** Vagrant's own folder in the learner's HOME. */
  readonly vagrantHome: string;
  status(): LabStatus;
  find(name: string): MachineRecord | undefined;
  /** Where the machine's SSH and, if wanted, its Docker API can be reached now: the usual ports, or the next free ones. */
  choosePorts(name: string, docker: number | null): Promise<Ports>;
  create(name: string, request: ActionRequest): Promise<MachineRecord>;
  /** Resolves when its SSH server answers. */
  boot(name: string, ports: Ports): Promise<void>;
  /** Hands cloud-config to a running machine. Resolves with false when it came to nothing; `log` gets the reasons. */
  provision(name: string, userData: string, log: (line: string) => void): Promise<boolean>;
  markProvisioned(name: string): Promise<void>;
  /** How many members there have to be before the machine's etcd starts, while it waits for them. */
  awaitedMembers(name: string): number | null;
  /** Holds a running machine where it is. Nothing of it outlives the app: after that, `boot` is what is left. */
  suspend(name: string): Promise<void>;
  /** Resolves with false when the machine has to be booted, because the app was ended meanwhile. */
  resume(name: string, ports: Ports): Promise<boolean>;
  /** Resolves when nothing of the machine runs any more. */
  stop(name: string, how: 'shutdown' | 'power-cut'): Promise<void>;
  /** Deletes a stopped machine with everything in it. */
  remove(name: string): Promise<void>;
  /** Boots the machines that ran when the lab ended, as a computer does after a power cut. */
  restore(): Promise<void>;
  /** Stops everything; the machines keep their state for the next start. */
  close(): Promise<void>;
}

export interface Ports {
  ssh: number;
  docker: number | null;
}

/** What Vagrant forwards to port 22 of a box, as long as it is free. */
const usualSshPort = 2222;

export function createLab(parts: LabParts & { records: MachineRecords; vagrantHome: string }): Lab {
  const { records } = parts;
  const running = new Map<string, RunningMachine>();
  const booting = new Set<Promise<unknown>>();
  let othersBooted: Promise<unknown> = Promise.resolve();
  let closed = false;

  const lab: Lab = {
    vagrantHome: parts.vagrantHome,
    status: () => ({
      discovery: parts.discovery,
      unsandboxed: reasonOf(parts.machineIsolation) ?? reasonOf(parts.isolation),
      machines: records.all().map(statusOf),
    }),
    find: (name) => records.find(name),
    async choosePorts(name, docker) {
      const others = records.all().filter((record) => record.name !== name && record.state === 'running');
      const reserved = new Set(others.flatMap(({ sshPort, dockerPort }) => [sshPort, dockerPort ?? sshPort]));
      const ssh = await choosePort(usualSshPort, reserved);
      return { ssh, docker: docker === null ? null : await choosePort(docker, new Set([...reserved, ssh])) };
    },
    async create(name, request) {
      const address = machineAddress(request);
      const rival = records.all().find((record) => machineAddress(record) === address);
      if (rival)
        throw new ActionError(`The address ${address} belongs to ${rival.name} of ${rival.directory}. Destroy that machine first.`);
      const record: MachineRecord = {
        name,
        id: randomBytes(16).toString('hex'),
        machineId: randomBytes(16).toString('hex'),
        number: request.number,
        directory: realpathSync(request.directory),
        channel: request.channel,
        state: 'poweroff',
        sshPort: usualSshPort,
        dockerPort: null,
        provisioned: false,
        cluster: null,
      };
      await records.save(record);
      return record;
    },
    async boot(name, ports) {
      const saveCluster = (cluster: string) => change(name, { cluster });
      const others = othersBooted;
      let chosen = ports;
      const start = () => bootMachine(require(name), chosen, { ...parts, saveCluster, othersBooted: others });
      const boot = start().catch(async (error) => {
        if (error.code !== 'EADDRINUSE') throw error;
        chosen = await lab.choosePorts(name, ports.docker); // somebody has taken one meanwhile
        return start();
      });
      booting.add(boot);
      const machine = await boot.finally(() => booting.delete(boot));
      if (closed) return machine.close('app-end');
      running.set(name, machine);
      await change(name, { state: 'running', sshPort: machine.sshPort, dockerPort: chosen.docker });
    },
    async provision(name, userData, log) {
      const machine = running.get(name);
      if (!machine) throw new ActionError('VM must be running to be provisioned. Run `vagrant up` to start it.');
      return machine.applyUserData(userData, log);
    },
    markProvisioned: (name) => change(name, { provisioned: true }),
    awaitedMembers: (name) => running.get(name)?.awaitedMembers() ?? null,
    async suspend(name) {
      // The record first: a machine that is on its way to a standstill must not be booted again if the lab dies meanwhile.
      await change(name, { state: 'saved' });
      await running.get(name)?.suspend();
    },
    async resume(name, ports) {
      const machine = running.get(name);
      if (!machine) return false;
      await machine.resume(ports);
      await change(name, { state: 'running', sshPort: machine.sshPort, dockerPort: ports.docker });
      return true;
    },
    async stop(name, how) {
      const machine = running.get(name);
      running.delete(name);
      // The record first: a machine that is being stopped must not be booted again if the lab dies meanwhile.
      await change(name, { state: 'poweroff' });
      await machine?.close(how);
    },
    async remove(name) {
      const { cluster } = require(name);
      await rm(machineDirectory(name, parts.places), { recursive: true, force: true });
      await records.remove(name);
      if (cluster === null) return;
      if (records.all().some((record) => record.cluster === cluster)) await parts.clusters.remove(cluster, name);
      else await parts.clusters.forget(cluster);
    },
    async restore() {
      const wanted = records.all().filter(({ state }) => state === 'running');
      // One after another as far as the ports go; the boots themselves overlap.
      const taken = new Set<number>();
      const boots: Promise<void>[] = [];
      const { promise, resolve } = withResolver();
      othersBooted = promise;
      try {
        for (const record of wanted) {
          const ssh = await choosePort(record.sshPort, taken);
          const docker = record.dockerPort === null ? null : await choosePort(record.dockerPort, taken.add(ssh));
          taken.add(ssh).add(docker ?? ssh);
          boots.push(
            lab.boot(record.name, { ssh, docker }).catch((error) => {
              parts.report(`${record.name} could not be booted again: ${error.message}`);
              return change(record.name, { state: 'poweroff' });
            }),
          );
        }
        await Promise.all(boots);
      } finally {
        resolve();
      }
    },
    async close() {
      closed = true;
      await Promise.allSettled(booting);
      const machines = [...running.values()];
      running.clear();
      await Promise.allSettled(machines.map((machine) => machine.close('app-end')));
    },
  };
  return lab;

  function require(name: string): MachineRecord {
    const record = records.find(name);
    if (!record) throw new ActionError(`The machine ${name} does not exist.`);
    return record;
  }

  async function change(name: string, changes: Partial<MachineRecord>): Promise<void> {
    const record = records.find(name);
    if (record) await records.save({ ...record, ...changes });
  }

  function statusOf(record: MachineRecord): MachineStatus {
    const { name, id, directory, sshPort, dockerPort, provisioned } = record;
    const machine = running.get(name);
    // A machine that the lab is still booting again after a restart is not there yet.
    const state = record.state === 'saved' ? 'saved' : machine ? 'running' : 'poweroff';
    return {
      ...{ name, id, directory, state, sshPort, provisioned },
      address: machineAddress(record),
      identityFile: parts.key.path,
      etcdPort: state === 'running' ? (machine?.etcdPort() ?? null) : null,
      forwardedPorts: [...(dockerPort === null ? [] : [{ guest: 2375, host: dockerPort }]), { guest: 22, host: sshPort }],
    };
  }
}

function withResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function reasonOf(isolation: MachineIsolation | Isolation): string | null {
  return 'reason' in isolation ? isolation.reason : null;
}
