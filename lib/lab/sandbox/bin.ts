/** The /usr/bin of the machines in sandboxes: the computer's programs, and the lab's tools among them. */
import { mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileIfPresent, replaceFile } from '../files.ts';
import { hiddenFolder, toolBundles } from './root.ts';

/** Everybody in a machine is its administrator already; there is nobody to ask. */
const sudo = `#!/bin/sh
while :; do
  case "$1" in
    -u|-g|--user|--group) shift 2 ;;
    --) shift; break ;;
    -i|-s|--login|--shell) shell=1; shift ;;
    -*) shift ;;
    *=*) export "$1"; shift ;;
    *) break ;;
  esac
done
[ $# -eq 0 ] && [ -n "$shell" ] && exec /bin/bash
[ $# -eq 0 ] && { echo 'usage: sudo [-u user] [VAR=value] command' >&2; exit 1; }
exec "$@"
`;

/** Brings the folder up to date with the computer's own /usr/bin and answers with its path. */
export async function prepareBin(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const scripts = new Map([
    ['sudo', sudo],
    ...toolBundles.map((name): [string, string] => [name, `#!/bin/sh\nexec ${hiddenFolder}/node ${hiddenFolder}/${name}.cjs "$@"\n`]),
  ]);
  const [wanted, present] = await Promise.all([readdir('/usr/bin'), readdir(directory)]);
  const links = new Set(wanted.filter((name) => !scripts.has(name)));
  const existing = new Set(present);
  await Promise.all([
    ...present.filter((name) => !links.has(name) && !scripts.has(name)).map((name) => rm(join(directory, name), { force: true })),
    ...[...links].filter((name) => !existing.has(name)).map((name) => symlink(linkTo(name), join(directory, name))),
    ...[...scripts].map(([name, text]) => writeScript(join(directory, name), text)),
  ]);
  return directory;
}

/** Relative, so that it means the same seen from outside the machine. */
function linkTo(name: string): string {
  return `../..${hiddenFolder}/bin/${name}`;
}

async function writeScript(path: string, text: string): Promise<void> {
  const isLink = await readlink(path).then(
    () => true,
    () => false,
  );
  if (isLink) await rm(path); // a program of this name that the computer had before
  if (isLink || (await readFileIfPresent(path)) !== text) await replaceFile(path, text, 0o755);
}
