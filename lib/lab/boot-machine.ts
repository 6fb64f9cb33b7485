/** One boot of a machine: everything that runs in it, from its SSH server to its fleet agent, and the end of it all. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { duplexPair } from 'node:stream';
import type { PtyHost } from '#lib/terminal/pty.ts';
import type { AddressBook } from './address-book.ts';
import { createClosers } from './closers.ts';
import { type CloudConfig, parseCloudConfig } from './cloud-config/cloud-config.ts';
import type { CloudFile } from './cloud-config/files-section.ts';
import { CloudConfigError } from './cloud-config/yaml-tree.ts';
import type { Clusters } from './clusters.ts';
import type { Isolation } from './docker/sandbox.ts';
import { replaceFile } from './files.ts';
import { reservePort } from './free-port.ts';
import type { HostKeyStore } from './host-key-store.ts';
import { openJournal } from './journal/journal.ts';
import type { Ports } from './lab.ts';
import type { MachineFacts } from './machine.ts';
import { type MachineDoors, openDoors } from './machine-doors.ts';
import { type MachinePlaces, prepareMachine, readUserData, storeUserData } from './machine-files.ts';
import type { MachineRecord } from './machine-records.ts';
import { type MachineIsolation, moveIntoSandbox } from './machine-sandbox.ts';
import { dockerApiPort, type MachineEnd, type ServicesContext, startServices } from './machine-services.ts';
import { openSandboxNetwork, type SandboxNetwork } from './sandbox/network.ts';
import type { PrivateKey } from './vagrant/private-key.ts';

/** What the machines of a lab share. */
export interface LabParts {
  places: MachinePlaces;
  addressBook: AddressBook;
  clusters: Clusters;
  hostKeys: HostKeyStore;
  key: PrivateKey;
  ptyHost: PtyHost;
  /** Base URL of the discovery service. */
  discovery: string;
  /** The directory of images that machines pull from. */
  registry: string;
  /** The bundled program that is a container's first process. */
  containerInit: string;
  /** How containers are kept apart from this computer. */
  isolation: Isolation;
  /** How the machines themselves are. */
  machineIsolation: MachineIsolation;
  /** Takes a sentence for whoever runs the app. */
  report(text: string): void;
}

export interface RunningMachine {
  readonly sshPort: number;
  /** On this computer's loopback address; null while the machine has no etcd. */
  etcdPort(): number | null;
  /** How many members there have to be before its etcd starts, while it waits for them. */
  awaitedMembers(): number | null;
  /** Resolves with false when the machine could not follow it; `log` gets the reasons, for the learner. */
  applyUserData(text: string, log: (line: string) => void): Promise<boolean>;
  /** Everything in it stands still, and its ports are free for others; who is logged in is thrown out. */
  suspend(): Promise<void>;
  resume(ports: Ports): Promise<void>;
  close(how: MachineEnd): Promise<void>;
}

/** Resolves when the machine can be logged in to; its services start at the same time. */
export async function bootMachine(
  record: MachineRecord,
  ports: Ports,
  parts: LabParts & Pick<ServicesContext, 'saveCluster' | 'othersBooted'>,
): Promise<RunningMachine> {
  const closers = createClosers();
  try {
    // Another lab may look for a port while this machine is being made.
    const release = await reservePort(ports.ssh);
    closers.add(release);
    const prepared = await prepareMachine(record, parts.places);
    const [machine, hostKeys] = await Promise.all([enclose(prepared, record.number, parts), parts.hostKeys.keysOf(prepared.directory)]);
    closers.add(() => machine.sandbox?.close());
    const journal = await openJournal({
      directory: join(machine.directory, 'var/log/journal'),
      hostname: record.name,
      bootId: machine.bootId,
    });
    closers.add(() => journal.close());
    const network = connectSandbox(machine, parts);
    closers.add(() => network?.close());
    const services = await startServices({ machine, journal, record, networkSettled: async () => network?.settled(), ...parts });
    let how: MachineEnd = 'app-end';
    let doors: MachineDoors | undefined;
    // Both take their time over programs that do not want to end, so they do it at the same time.
    closers.add(async () => {
      await Promise.all([doors?.close(), services.close(how)]);
    });

    let authorizedKeys = [parts.key.authorized];
    const connect = parts.addressBook.connectFrom(machine.address);
    const open = (wanted: Ports) =>
      openDoors(
        wanted,
        {
          ...{ machine, hostKeys, connect, ptyHost: parts.ptyHost },
          authorizedKeys: () => authorizedKeys,
          fleet: services.acceptFleet,
        },
        () => connect(machine.address, dockerApiPort),
      );
    await release();
    let opened = await open(ports);
    doors = opened;
    const leave = parts.addressBook.enter(machine.address, 22, () => {
      const [outside, inside] = duplexPair();
      opened.ssh.accept(inside);
      return outside;
    });
    closers.add(leave);
    let plugIn: (() => void) | null = null;

    const applyUserData = async (text: string, log: (line: string) => void, booting = false): Promise<boolean> => {
      let config: CloudConfig;
      try {
        config = parseCloudConfig(text, { publicIpv4: machine.address, privateIpv4: machine.address });
      } catch (error) {
        if (!(error instanceof CloudConfigError)) throw error;
        log(`coreos-cloudinit: user-data, line ${error.line}: ${error.message}`);
        return false;
      }
      for (const { line, message } of config.notices) log(`coreos-cloudinit: user-data, line ${line}: ${message}`);
      authorizedKeys = [parts.key.authorized, ...config.authorizedKeys];
      for (const file of config.writeFiles) await writeMachineFile(machine.directory, file);
      return services.apply(config, log, booting);
    };

    const userData = await readUserData(machine.directory);
    if (userData !== null) {
      const lines: string[] = [];
      const succeeded = await applyUserData(userData, (line) => lines.push(line), true);
      if (!succeeded) parts.report(`${record.name} booted without what its user-data asks for: ${lines.join('; ')}`);
    }
    return {
      get sshPort() {
        return opened.sshPort;
      },
      etcdPort: services.etcdPort,
      awaitedMembers: services.awaitedMembers,
      async applyUserData(text, log) {
        await storeUserData(machine.directory, text);
        return applyUserData(text, log);
      },
      async suspend() {
        plugIn = parts.addressBook.unplug(machine.address);
        await opened.close();
        await services.suspend();
      },
      async resume(wanted) {
        opened = await open(wanted);
        doors = opened;
        await services.resume();
        plugIn?.();
      },
      close(wanted) {
        plugIn?.();
        how = wanted;
        return closers.closeAll();
      },
    };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

/** A machine that cannot be put into a sandbox runs without one, as on a computer that has no bubblewrap. */
async function enclose(machine: MachineFacts, number: number, { machineIsolation, report }: LabParts): Promise<MachineFacts> {
  if ('reason' in machineIsolation) return machine;
  try {
    return await moveIntoSandbox(machine, number, machineIsolation);
  } catch (error) {
    report(`${machine.name} shares this computer's files and network: ${(error as Error).message}`);
    return machine;
  }
}

function connectSandbox({ sandbox, address }: MachineFacts, { machineIsolation, addressBook, report }: LabParts): SandboxNetwork | null {
  if (sandbox === undefined || 'reason' in machineIsolation) return null;
  const { programs, listenerProgram } = machineIsolation;
  return openSandboxNetwork({ sandbox, address, addressBook, report, listenerProgram, nsenter: programs.nsenter });
}

/** `join` drops every `..` that would lead out of the machine's directory, because the path begins at its root. */
async function writeMachineFile(directory: string, { path, content, mode }: CloudFile): Promise<void> {
  const target = join(directory, join('/', path));
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  await replaceFile(target, content, mode);
}
