/** The command-line tools of the lab, as small scripts in folders that go in front of a PATH. */
import { join } from 'node:path';
import { readFileIfPresent, replaceFile } from './files.ts';

export interface ToolFolders {
  /** For the learner: vagrant, fleetctl, etcdctl. */
  learner: string;
  /** For what runs inside a machine: docker, etcdctl, fleetctl, systemctl, journalctl, hostname. */
  machine: string;
}

const learnerTools = ['vagrant', 'fleetctl', 'etcdctl'];
const machineTools = ['docker', 'etcdctl', 'fleetctl', 'systemctl', 'journalctl'];

/** Where a machine's own programs lie, in their own eyes. */
const systemFolders = ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin', '/sbin', '/opt/bin'];

/** Writes the scripts below `directory`; each starts the bundle of its name in `programs` with this very Node. */
export async function writeTools(directory: string, programs: string): Promise<ToolFolders> {
  const folders = { learner: join(directory, 'bin'), machine: join(directory, 'machine-bin') };
  const script = (name: string) => `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(join(programs, `${name}.cjs`))} "$@"\n`;
  await Promise.all([
    ...learnerTools.map((name) => writeScript(join(folders.learner, name), script(name))),
    ...machineTools.map((name) => writeScript(join(folders.machine, name), script(name))),
    writeScript(join(folders.machine, 'hostname'), '#!/bin/sh\nexec cat "$COREOS_MACHINE/hostname"\n'),
  ]);
  return folders;
}

/** `/usr/bin/docker` → `docker`; null for what is not one of the machine's own tools. */
export function machineTool(path: string): string | null {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  return systemFolders.includes(path.slice(0, slash)) && (machineTools.includes(name) || name === 'hostname') ? name : null;
}

async function writeScript(path: string, content: string): Promise<void> {
  if ((await readFileIfPresent(path)) !== content) await replaceFile(path, content, 0o755);
}

/** As one word of a shell's command line. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
