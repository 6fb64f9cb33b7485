// `-v`: folders that outlive a container. Volumes of the machine's Docker, and folders below the machine's /home/core; nothing else.
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, posix, sep } from 'node:path';
import { ApiError } from './api-error.ts';

export interface VolumeMount {
  /** An anonymous volume goes with its container. */
  type: 'bind' | 'volume' | 'anonymous';
  /** A path of the machine, or a volume's name. */
  source: string;
  /** As the program sees it. */
  target: string;
  readOnly: boolean;
}

/** What a container may see of the machine's own files. */
const sharedFolder = '/home/core';
/** Places that the sandbox fills itself. */
const taken = /^\/(?:\.lab|proc|dev|sys|usr\/local\/bin\/node)?(?:\/|$)/;

/** Reads `name:/data`, `/home/core/site:/site:ro`, and the targets of anonymous volumes. */
export function parseVolumes(binds: string[], anonymous: string[]): VolumeMount[] {
  const named = binds.map((written): VolumeMount => {
    const [source = '', target = '', mode = 'rw', ...rest] = written.split(':');
    if (rest.length > 0 || !['rw', 'ro'].includes(mode)) throw new ApiError(400, `invalid volume specification: '${written}'`);
    const path = posix.normalize(source);
    if (path.startsWith('/')) {
      if (path !== sharedFolder && !path.startsWith(`${sharedFolder}/`)) {
        throw new ApiError(
          400,
          `--volume is refused for ${source}: a container of the lab gets volumes by name (-v data:${target}) and folders below ${sharedFolder} of its machine.`,
        );
      }
      return { type: 'bind', source: path, target: checkTarget(target, written), readOnly: mode === 'ro' };
    }
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(source)) {
      throw new ApiError(
        400,
        `create ${source}: ${JSON.stringify(source)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
      );
    }
    return { type: 'volume', source, target: checkTarget(target, written), readOnly: mode === 'ro' };
  });
  const unnamed = anonymous.map((target): VolumeMount => {
    return { type: 'anonymous', source: randomBytes(32).toString('hex'), target: checkTarget(target, target), readOnly: false };
  });
  const mounts = [...named, ...unnamed].sort((one, other) => one.target.localeCompare(other.target)); // an outer one before an inner one
  const twice = mounts.find(({ target }, index) => mounts[index + 1]?.target === target);
  if (twice) throw new ApiError(400, `Duplicate mount point: ${twice.target}`);
  return mounts;
}

/** Where the mounts lie on this computer; what does not exist yet is made. Before every start: links may have changed. */
export async function locateVolumes(machineDirectory: string, mounts: VolumeMount[]) {
  return Promise.all(
    mounts.map(async (mount) => {
      const source = pathOf(machineDirectory, mount);
      const allowed = await realpath(join(machineDirectory, mount.type === 'bind' ? sharedFolder : volumesFolder)).catch(() => null);
      const real = await realpathOfMissing(source);
      if (allowed === null || (real !== allowed && !real.startsWith(allowed + sep))) {
        throw new ApiError(400, `--volume is refused for ${mount.source}: it leads out of ${sharedFolder}.`);
      }
      if (!(await stat(real).catch(() => null))) await mkdir(real, { recursive: true, mode: 0o755 });
      return { source: real, target: mount.target, readOnly: mount.readOnly };
    }),
  );
}

/** Where a path leads, or would lead once its last parts are made. */
async function realpathOfMissing(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return join(await realpathOfMissing(dirname(path)), basename(path));
  }
}

/** A new volume begins with what the image has in its place, as in Docker. The container has not run yet. */
export async function fillVolumes(machineDirectory: string, mounts: VolumeMount[], root: string): Promise<void> {
  for (const mount of mounts.filter(({ type }) => type !== 'bind')) {
    const directory = pathOf(machineDirectory, mount);
    await mkdir(directory, { recursive: true, mode: 0o755 });
    const image = join(root, posix.join('/', mount.target));
    const found = await stat(image).catch(() => null);
    if (found?.isDirectory() && (await readdir(directory)).length === 0)
      await cp(image, directory, { recursive: true, verbatimSymlinks: true });
  }
}

export async function removeAnonymous(machineDirectory: string, mounts: VolumeMount[]): Promise<void> {
  for (const mount of mounts.filter(({ type }) => type === 'anonymous')) {
    await rm(join(pathOf(machineDirectory, mount), '..'), { recursive: true, force: true });
  }
}

const volumesFolder = 'var/lib/docker/volumes';

/** In the machine: `/var/lib/docker/volumes/NAME/_data`. */
export function machinePathOf({ type, source }: VolumeMount): string {
  return type === 'bind' ? source : `/${volumesFolder}/${source}/_data`;
}

function pathOf(machineDirectory: string, mount: VolumeMount): string {
  return join(machineDirectory, machinePathOf(mount));
}

function checkTarget(target: string, written: string): string {
  if (!target.startsWith('/')) throw new ApiError(400, `invalid volume specification: '${written}': the container's path must be absolute`);
  const path = posix.normalize(target).replace(/(.)\/$/, '$1');
  if (path === '/')
    throw new ApiError(400, `invalid volume specification: '${written}': invalid mount config for type "volume": destination can't be '/'`);
  if (taken.test(path)) throw new ApiError(400, `invalid volume specification: '${written}': ${path} is the sandbox's own`);
  return path;
}
