/** A machine's own directory, and where a path inside the machine really lies. */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { markVariable } from './api.ts';
import { readFileIfPresent, replaceFile } from './files.ts';
import type { MachineFacts } from './machine.ts';
import { type MachineRecord, machineAddress } from './machine-records.ts';
import { machineTool } from './tools.ts';
import { boxVersion } from './vagrant/box.ts';

export interface MachinePlaces {
  /** Holds a directory for each machine; outlives a halt. */
  machines: string;
  /** Holds a directory of sockets for each machine; short. */
  run: string;
  /** The folder of the machine's tools. */
  tools: string;
  marker: string;
}

/** Files that every CoreOS machine has, whatever the computer beneath it has in their place. */
const ownFiles = new Set(['/etc/environment', '/etc/hostname', '/etc/machine-id', '/etc/motd', '/etc/os-release']);
const userDataPath = 'var/lib/coreos-vagrant/vagrantfile-user-data';

/** Makes what a boot needs and answers with the machine's facts. */
export async function prepareMachine(record: MachineRecord, places: MachinePlaces): Promise<MachineFacts> {
  const directory = machineDirectory(record.name, places);
  const run = join(places.run, record.name);
  const address = machineAddress(record);
  await rm(run, { recursive: true, force: true }); // sockets of a boot that ended badly
  await Promise.all(['etc', 'home/core', 'var/lib', 'run'].map((path) => mkdir(join(directory, path), { recursive: true, mode: 0o755 })));
  await mkdir(run, { recursive: true, mode: 0o700 });
  const files: Record<string, string> = {
    'etc/environment': `COREOS_PRIVATE_IPV4=${address}\nCOREOS_PUBLIC_IPV4=${address}\n`,
    'etc/hostname': `${record.name}\n`,
    'etc/machine-id': `${record.machineId}\n`,
    'etc/os-release': osRelease,
  };
  await Promise.all([
    ...Object.entries(files).map(([path, text]) => replaceFile(join(directory, path), text, 0o644)),
    replaceFile(join(run, 'hostname'), `${record.name}\n`),
  ]);
  return {
    name: record.name,
    id: record.machineId,
    bootId: randomBytes(16).toString('hex'),
    address,
    directory,
    run,
    environment: machineEnvironment(places, { directory, run }),
    resolve: (path) => resolveInMachine(path, directory, places.tools),
  };
}

export function machineDirectory(name: string, places: Pick<MachinePlaces, 'machines'>): string {
  return join(places.machines, name);
}

/** The user-data that the machine was given last, or null. */
export function readUserData(directory: string): Promise<string | null> {
  return readFileIfPresent(join(directory, userDataPath));
}

export function storeUserData(directory: string, text: string): Promise<void> {
  return replaceFile(join(directory, userDataPath), text);
}

/** Where `path` of the machine lies on this computer; `..` does not lead out of the machine's own places. */
export function resolveInMachine(path: string, directory: string, tools: string): string {
  if (!path.startsWith('/')) return path;
  const plain = posix.normalize(path);
  if (plain === directory || plain.startsWith(`${directory}/`)) return plain; // resolved already
  const tool = machineTool(plain);
  if (tool !== null) return join(tools, tool);
  const inMachine = join(directory, plain);
  if (ownFiles.has(plain) || plain === '/home/core' || plain.startsWith('/home/core/')) return inMachine;
  // Not the top-level folders: /etc/passwd and /var/tmp are the computer's own, unless cloud-config wrote such a file.
  return plain.split('/').length > 2 && statSync(inMachine, { throwIfNoEntry: false })?.isFile() ? inMachine : plain;
}

/** Nothing of the app's own environment but the way to the computer's programs. */
function machineEnvironment(places: MachinePlaces, { directory, run }: { directory: string; run: string }): Record<string, string> {
  const { PATH = '/usr/local/bin:/usr/bin:/bin', TZ } = process.env;
  return {
    PATH: `${places.tools}:${PATH}`,
    HOME: join(directory, 'home/core'),
    USER: 'core',
    LOGNAME: 'core',
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    ...(TZ === undefined ? {} : { TZ }),
    ETCDCTL_ENDPOINT: 'http://127.0.0.1:4001', // as in CoreOS, until the machine's etcd says otherwise
    COREOS_MACHINE: run,
    [markVariable]: places.marker,
  };
}

const osRelease = `NAME=CoreOS
ID=coreos
VERSION=${boxVersion}
VERSION_ID=${boxVersion}
BUILD_ID=
PRETTY_NAME="CoreOS ${boxVersion}"
ANSI_COLOR="1;32"
HOME_URL="https://coreos.com/"
BUG_REPORT_URL="https://github.com/coreos/bugs/issues"
`;
