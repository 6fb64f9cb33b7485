/** The lab: the machines that exist, those that run, and what happens to them. */
import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { ActionRequest, LabStatus, MachineStatus } from './api.ts';
import { bootMachine, type LabParts, type RunningMachine } from './boot-machine.ts';
import { choosePort } from './free-port.ts';
import { machineDirectory } from './machine-files.ts';
import { type MachineRecord, type MachineRecords, machineAddress } from './machine-records.ts';
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
  /** Resolves when nothing of the machine runs any more. */
  stop(name: string, state: 'poweroff' | 'saved'): Promise<void>;
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
  let closed = false;

  const lab: Lab = {
    vagrantHome: parts.vagrantHome,
    status: () => ({ discovery: parts.discovery, machines: records.all().map(statusOf) }),
    find: (name) => records.find(name),
    async choosePorts(name, docker) {
      const others = records.all().filter((record) => record.name !== name && running.has(record.name));
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
      const boot = bootMachine(require(name), ports, { ...parts, saveCluster: (cluster) => change(name, { cluster }) });
      booting.add(boot);
      const machine = await boot.finally(() => booting.delete(boot));
      if (closed) return machine.close({ graceful: false });
      running.set(name, machine);
      await change(name, { state: 'running', sshPort: machine.sshPort, dockerPort: ports.docker });
    },
    async provision(name, userData, log) {
      const machine = running.get(name);
      if (!machine) throw new ActionError('VM must be running to be provisioned. Run `vagrant up` to start it.');
      return machine.applyUserData(userData, log);
    },
    markProvisioned: (name) => change(name, { provisioned: true }),
    awaitedMembers: (name) => running.get(name)?.awaitedMembers() ?? null,
    async stop(name, state) {
      const machine = running.get(name);
      running.delete(name);
      // The record first: a machine that is being stopped must not be booted again if the lab dies meanwhile.
      await change(name, { state });
      await machine?.close({ graceful: true });
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
    },
    async close() {
      closed = true;
      await Promise.allSettled(booting);
      const machines = [...running.values()];
      running.clear();
      // As a power cut, so that the cluster leaves every unit where it is for the next start.
      await Promise.allSettled(machines.map((machine) => machine.close({ graceful: false })));
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
    const state = machine ? 'running' : record.state === 'saved' ? 'saved' : 'poweroff';
    return {
      ...{ name, id, directory, state, sshPort, provisioned },
      address: machineAddress(record),
      identityFile: parts.key.path,
      etcdPort: machine?.etcdPort() ?? null,
      forwardedPorts: [...(dockerPort === null ? [] : [{ guest: 2375, host: dockerPort }]), { guest: 22, host: sshPort }],
    };
  }
}
