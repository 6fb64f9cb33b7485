// Writes into a container's root from outside. The program may have left links there, and none of them is ever followed.
import { constants } from 'node:fs';
import { lstat, mkdir, open } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { ApiError } from './api-error.ts';

/**
 * Makes an empty file or directory where there is none yet. Only while nothing of the container runs.
 * @param path as the program sees it
 */
export async function ensureInRoot(root: string, path: string, kind: 'file' | 'directory'): Promise<void> {
  const segments = posix.join('/', path).split('/').filter(Boolean);
  for (const index of segments.keys()) {
    const part = join(root, ...segments.slice(0, index + 1));
    const wanted = index < segments.length - 1 ? 'directory' : kind;
    const found = await lstat(part).catch(ifMissing);
    if (!found && wanted === 'directory') await mkdir(part, { mode: 0o755 });
    else if (!found) await (await open(part, 'wx', 0o644)).close();
    else if (wanted === 'directory' ? !found.isDirectory() : !found.isFile()) {
      const shown = `/${segments.slice(0, index + 1).join('/')}`;
      throw new ApiError(400, `unable to start container process: ${shown} in the container has to be a ${wanted}, and is something else`);
    }
  }
}

/** Replaces the content of a file of the root, with the same care. */
export async function writeInRoot(root: string, path: string, text: string): Promise<void> {
  await ensureInRoot(root, path, 'file');
  const { O_WRONLY, O_TRUNC, O_NOFOLLOW } = constants;
  const file = await open(join(root, posix.join('/', path)), O_WRONLY | O_TRUNC | O_NOFOLLOW);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

/** What Docker writes into every container. */
export async function writeHostFiles(root: string, hostname: string, address: string): Promise<void> {
  const known = [
    ['127.0.0.1', 'localhost'],
    ['::1', 'localhost ip6-localhost ip6-loopback'],
    ['fe00::0', 'ip6-localnet'],
    ['ff00::0', 'ip6-mcastprefix'],
    ['ff02::1', 'ip6-allnodes'],
    ['ff02::2', 'ip6-allrouters'],
    [address, hostname],
  ];
  await writeInRoot(root, '/etc/hosts', known.map((line) => `${line.join('\t')}\n`).join(''));
  await writeInRoot(root, '/etc/hostname', `${hostname}\n`);
}

function ifMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
