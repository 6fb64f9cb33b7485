/** One boot of a machine: everything that runs in it, from its SSH server to its fleet agent, and the end of it all. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { duplexPair } from 'node:stream';
import type { PtyHost } from '#lib/terminal/pty.ts';
import type { AddressBook } from './address-book.ts';
import { createClosers } from './closers.ts';
import { type CloudConfig, type CloudFile, parseCloudConfig } from './cloud-config/cloud-config.ts';
import { CloudConfigError } from './cloud-config/yaml-tree.ts';
import type { Clusters } from './clusters.ts';
import { forwardDocker } from './docker-forward.ts';
import { replaceFile } from './files.ts';
import type { HostKeyStore } from './host-key-store.ts';
import { openJournal } from './journal/journal.ts';
import type { Ports } from './lab.ts';
import { type MachinePlaces, prepareMachine, readUserData, storeUserData } from './machine-files.ts';
import type { MachineRecord } from './machine-records.ts';
import { dockerApiPort, startServices } from './machine-services.ts';
import { type SshServer, startSshServer } from './ssh/server.ts';
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
  /** `graceful`: the cluster is told, as at a shutdown. Otherwise it finds out, as after a power cut. */
  close(options: { graceful: boolean }): Promise<void>;
}

/** Resolves when the machine can be logged in to; its services start at the same time. */
export async function bootMachine(
  record: MachineRecord,
  ports: Ports,
  parts: LabParts & { saveCluster(cluster: string): Promise<void> },
): Promise<RunningMachine> {
  const closers = createClosers();
  try {
    const machine = await prepareMachine(record, parts.places);
    const hostKeys = await parts.hostKeys.keysOf(machine.directory);
    const journal = await openJournal({
      directory: join(machine.directory, 'var/log/journal'),
      hostname: record.name,
      bootId: machine.bootId,
    });
    closers.add(() => journal.close());
    const services = await startServices({ machine, journal, record, ...parts });
    let graceful = false;
    let ssh: SshServer | undefined;
    // Both take their time over programs that do not want to end, so they do it at the same time.
    closers.add(async () => {
      await Promise.all([ssh?.close(), services.close({ graceful })]);
    });

    let authorizedKeys = [parts.key.authorized];
    const sshServer = await startSshServer({
      machine,
      port: ports.ssh,
      hostKeys,
      authorizedKeys: () => authorizedKeys,
      ptyHost: parts.ptyHost,
      connect: parts.addressBook.connectFrom(machine.address),
      fleet: services.acceptFleet,
    });
    ssh = sshServer;
    const leave = parts.addressBook.enter(machine.address, 22, () => {
      const [outside, inside] = duplexPair();
      sshServer.accept(inside);
      return outside;
    });
    closers.add(leave);
    if (ports.docker !== null) {
      const connect = parts.addressBook.connectFrom(machine.address);
      const forward = await forwardDocker(ports.docker, () => connect(machine.address, dockerApiPort));
      closers.add(() => forward.close());
    }

    const applyUserData = async (text: string, log: (line: string) => void): Promise<boolean> => {
      let config: CloudConfig;
      try {
        config = parseCloudConfig(text, { publicIpv4: machine.address, privateIpv4: machine.address });
      } catch (error) {
        if (!(error instanceof CloudConfigError)) throw error;
        log(`coreos-cloudinit: user-data, line ${error.line}: ${error.message}`);
        return false;
      }
      authorizedKeys = [parts.key.authorized, ...config.authorizedKeys];
      for (const file of config.writeFiles) await writeMachineFile(machine.directory, file);
      return services.apply(config, log);
    };

    const userData = await readUserData(machine.directory);
    if (userData !== null) {
      const lines: string[] = [];
      const succeeded = await applyUserData(userData, (line) => lines.push(line));
      if (!succeeded) parts.report(`${record.name} booted without what its user-data asks for: ${lines.join('; ')}`);
    }
    return {
      sshPort: sshServer.port,
      etcdPort: services.etcdPort,
      awaitedMembers: services.awaitedMembers,
      async applyUserData(text, log) {
        await storeUserData(machine.directory, text);
        return applyUserData(text, log);
      },
      close(options) {
        graceful = options.graceful;
        return closers.closeAll();
      },
    };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

/** `join` drops every `..` that would lead out of the machine's directory, because the path begins at its root. */
async function writeMachineFile(directory: string, { path, content, mode }: CloudFile): Promise<void> {
  const target = join(directory, join('/', path));
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  await replaceFile(target, content, mode);
}
