/** What a machine in a sandbox has under its root: its own directory, and the computer's programs read-only. */
import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface RootOptions {
  /** The machine's own, with every one of `ownFolders` in it. */
  directory: string;
  /** Holds the machine's sockets; it has the same path inside. */
  run: string;
  /** What the machine finds in /usr/bin. */
  bin: string;
  /** The folder of the bundled tools. */
  tools: string;
}

/** In the machine: what its tools are made of, and what /usr/bin leads to. */
export const hiddenFolder = '/.lab';

/** The bundles behind the machine's tools. */
export const toolBundles = ['docker', 'etcdctl', 'fleetctl', 'systemctl', 'journalctl'];

/** Folders of the machine's own directory that are folders of its root. */
export const ownFolders = ['etc', 'home', 'media', 'mnt', 'opt', 'run', 'srv', 'tmp', 'var'];
/** Folders of programs that are links into /usr on most systems. */
const systemFolders = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];
/** What the computer's programs want to find of its configuration. Nothing of its users, hosts or services. */
const configuration = [
  ...['alternatives', 'ca-certificates', 'inputrc', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'localtime'],
  ...['pki', 'protocols', 'services', 'ssl', 'terminfo'],
];

/** Arguments of bubblewrap. */
export function rootArguments({ directory, run, bin, tools }: RootOptions): string[] {
  return [
    ...['--ro-bind', '/usr', '/usr', '--ro-bind', '/usr/bin', join(hiddenFolder, 'bin'), '--ro-bind', bin, '/usr/bin'],
    ...systemFolders.flatMap(systemFolder),
    ...['--ro-bind-try', '/nix/store', '/nix/store', '--ro-bind', process.execPath, join(hiddenFolder, 'node')],
    ...toolBundles.flatMap((name) => ['--ro-bind', join(tools, `${name}.cjs`), join(hiddenFolder, `${name}.cjs`)]),
    ...['--dev', '/dev', '--proc', '/proc'],
    // Root's own files there take orders from whoever is root outside, and that may be the lab.
    ...['--ro-bind', '/proc/sys', '/proc/sys', '--ro-bind-try', '/proc/sysrq-trigger', '/proc/sysrq-trigger'],
    ...ownFolders.flatMap((name) => ['--bind', join(directory, name), `/${name}`]),
    ...configuration.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]),
    ...['--dir', '/root', '--bind', run, run, '--chdir', '/'],
  ];
}

function systemFolder(name: string): string[] {
  const stat = lstatSync(`/${name}`, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  return stat.isSymbolicLink() ? ['--symlink', readlinkSync(`/${name}`), `/${name}`] : ['--ro-bind', `/${name}`, `/${name}`];
}
