/** The Vagrant project that a command is about: the Vagrantfile above the current folder, and what config.rb makes of it. */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError, machineNames, parseConfigRb, type VagrantConfig } from './config-rb.ts';
import { noEnvironment, settingsError } from './texts.ts';

export interface Project {
  /** The Vagrantfile's folder, without symbolic links. */
  directory: string;
  config: VagrantConfig;
  machines: string[];
}

/** An error that is meant to be read as it stands; vagrant prints it and ends with status 1. */
export class VagrantError extends Error {
  override readonly name = 'VagrantError';
}

/** Finds and reads the project, upwards from `start`. Throws VagrantError. */
export function loadProject(start: string, environment: Record<string, string | undefined>): Project {
  const directory = findProject(realpathSync(start), environment);
  if (directory === null) throw new VagrantError(noEnvironment);
  const path = join(directory, 'config.rb');
  refuseForeignVagrantfile(join(directory, 'Vagrantfile'));
  try {
    const config = parseConfigRb(path, readIfPresent(path), environment);
    return { directory, config, machines: machineNames(config) };
  } catch (error) {
    if (error instanceof ConfigError) throw new VagrantError(settingsError(error.path, error.line, error.message));
    throw error;
  }
}

function findProject(start: string, environment: Record<string, string | undefined>): string | null {
  const fixed = environment.VAGRANT_CWD;
  for (let directory = fixed ? realpathSync(fixed) : start; ; directory = dirname(directory)) {
    if (readIfPresent(join(directory, 'Vagrantfile')) !== null) return directory;
    if (directory === dirname(directory)) return null;
  }
}

/** The lab does not run Ruby: it stands in for coreos-vagrant's Vagrantfile, and must not pretend to follow another. */
function refuseForeignVagrantfile(path: string): void {
  const text = readIfPresent(path) ?? '';
  if (text.includes('config.rb') && /coreos/i.test(text)) return;
  throw new VagrantError(
    `${path} is not the Vagrantfile of coreos-vagrant.\nThe lab’s vagrant does not run Ruby, so it can start CoreOS machines only: clone\nhttps://github.com/coreos/coreos-vagrant.git and change config.rb and user-data there.`,
  );
}

function readIfPresent(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
