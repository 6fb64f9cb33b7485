/** The box that machines are made of, below Vagrant's own folder, so that `vagrant box list` has something true to say. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../files.ts';

export interface Box {
  /** `coreos-stable` */
  name: string;
  version: string;
}

/** The release of CoreOS that the lab imitates, whatever the channel; stable since December 2014. */
export const boxVersion = '494.4.0';
/** As the Vagrantfile says. */
export const boxRequirement = '>= 308.0.1';
const provider = 'virtualbox';

export function boxUrl(channel: string): string {
  return `http://${channel}.release.core-os.net/amd64-usr/current/coreos_production_vagrant.json`;
}

/** The boxes in `vagrantHome`, by name. */
export async function listBoxes(vagrantHome: string): Promise<Box[]> {
  const boxes: Box[] = [];
  const folder = join(vagrantHome, 'boxes');
  for (const name of await names(folder)) {
    for (const version of await names(join(folder, name))) {
      if ((await names(join(folder, name, version))).includes(provider)) boxes.push({ name, version });
    }
  }
  return boxes;
}

export async function addBox(vagrantHome: string, { name, version }: Box): Promise<void> {
  await replaceFile(join(vagrantHome, 'boxes', name, version, provider, 'metadata.json'), `${JSON.stringify({ provider })}\n`, 0o644);
}

async function names(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
