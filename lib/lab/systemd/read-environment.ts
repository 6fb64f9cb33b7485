// The variables that a unit's commands get: the machine's, those of Environment=, and those of its EnvironmentFile= lines.
import { readFileSync, statSync } from 'node:fs';
import type { MachineFacts } from '#lib/lab/machine.ts';
import { parseEnvironmentFile } from './environment-file.ts';
import type { ServiceSettings } from './service-settings.ts';
import { describeError } from './unit-process.ts';

type Log = (message: string, priority: number) => void;

/**
 * To be read before every command, as systemd does, so that one command can write what the next one needs.
 * Throws an Error with the C library's words when a file that is not optional cannot be read; the log has told of it then.
 */
export function readEnvironment(settings: ServiceSettings, machine: MachineFacts, log: Log): Record<string, string> {
  const variables = { ...machine.environment, ...settings.environment };
  for (const file of settings.environmentFiles) {
    const content = readEnvironmentFile(machine.resolve(file.path), file.optional, log);
    if (content === null) continue;
    const { variables: read, ignored } = parseEnvironmentFile(content);
    for (const line of ignored) log(`Ignoring invalid environment assignment '${line}': ${file.path}`, 4);
    Object.assign(variables, read);
  }
  return variables;
}

/** An environment file larger than this is not one. */
const maxEnvironmentFile = 1024 * 1024;

function readEnvironmentFile(file: string, optional: boolean, log: Log): string | null {
  try {
    if (statSync(file).size > maxEnvironmentFile) throw Object.assign(new Error(`${file} is too large`), { code: 'E2BIG' });
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (optional) return null;
    const reason = describeError((error as NodeJS.ErrnoException).code ?? 'EIO');
    log(`Failed to load environment files: ${reason}`, 3);
    throw new Error(reason, { cause: error });
  }
}
