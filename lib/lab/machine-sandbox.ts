/** Puts a machine into a sandbox where this computer has what it takes. */
import { chmod, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bubblewrap } from './bubblewrap.ts';
import { replaceFile } from './files.ts';
import { findProgram } from './find-program.ts';
import type { MachineFacts } from './machine.ts';
import { prepareBin } from './sandbox/bin.ts';
import { ownFolders } from './sandbox/root.ts';
import { type Sandbox, type SandboxPrograms, startSandbox } from './sandbox/sandbox.ts';

/** What every machine's sandbox is made of; or why machines share everything with this computer: a sentence for the learner. */
export type MachineIsolation =
  | { programs: SandboxPrograms; bin: string; tools: string /** The bundled `sandbox-listener.cjs`. */; listenerProgram: string }
  | { reason: string };

/** @param directory the lab's own */
export async function isolateMachines(found: Promise<Bubblewrap>, directory: string, bundles: string): Promise<MachineIsolation> {
  const bubblewrap = await found;
  if ('reason' in bubblewrap) return bubblewrap;
  const [bwrap, nsenter, unshare] = ['bwrap', 'nsenter', 'unshare'].map((name) => findProgram(name));
  if (!bwrap || !nsenter || !unshare) return { reason: 'nsenter and unshare are not installed (the package util-linux)' };
  if (!['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((folder) => findProgram('ip', folder))) {
    return { reason: 'ip is not installed (the package iproute2)' };
  }
  return {
    programs: { bwrap, nsenter, unshare },
    bin: await prepareBin(join(directory, 'usr-bin')),
    tools: bundles,
    listenerProgram: join(bundles, 'sandbox-listener.cjs'),
  };
}

/** The same machine, inside. Rejects when that does not work here. */
export async function moveIntoSandbox(
  machine: MachineFacts,
  number: number,
  isolation: Extract<MachineIsolation, { programs: unknown }>,
): Promise<MachineFacts & { sandbox: Sandbox }> {
  await writeInnerFiles(machine);
  const { name: hostname, address, directory, run } = machine;
  const sandbox = await startSandbox({ ...isolation, hostname, address, number, directory, run });
  const environment = {
    ...machine.environment,
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/opt/bin',
    HOME: '/home/core',
    PWD: '/home/core',
  };
  return { ...machine, environment, resolve: sandbox.resolve, sandbox };
}

async function writeInnerFiles({ directory, run, name, address }: MachineFacts): Promise<void> {
  // As at every boot of a real one.
  await Promise.all(['tmp', 'run'].map((folder) => rm(join(directory, folder), { recursive: true, force: true })));
  const folders = [...ownFolders, 'home/core', 'opt/bin', 'var/lib', 'var/log', 'var/tmp'];
  await Promise.all(folders.map((folder) => mkdir(join(directory, folder), { recursive: true, mode: 0o755 })));
  await Promise.all(['tmp', 'var/tmp'].map((folder) => chmod(join(directory, folder), 0o1777)));
  await rm(join(directory, 'var/run'), { recursive: true, force: true });
  await symlink('../run', join(directory, 'var/run'));
  // Where clients of these look by themselves.
  for (const socket of ['docker.sock', 'fleet.sock']) await symlink(join(run, socket), join(directory, 'run', socket));
  const files: Record<string, string> = {
    'etc/hosts': `127.0.0.1 localhost\n::1 localhost\n${address} ${name}\n`,
    'etc/nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n',
    'etc/passwd': `root:x:0:0:root:/root:/bin/bash\ncore:x:500:500:CoreOS Admin:/home/core:/bin/bash\n${nobody}:/:/sbin/nologin\n`,
    'etc/group': 'root:x:0:root\nwheel:x:10:root,core\nsudo:x:150:core\ndocker:x:233:core\ncore:x:500:core\nnogroup:x:65534:\n',
    'etc/shells': '/bin/sh\n/bin/bash\n',
  };
  await Promise.all(Object.entries(files).map(([path, text]) => replaceFile(join(directory, path), text, 0o644)));
}

const nobody = 'nobody:x:65534:65534:nobody';
