// What is kept of a container on disk, so that it is still listed after the machine was off.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '#lib/lab/files.ts';
import { defaultLimits } from './container-limits.ts';
import type { ContainerOptions } from './container-options.ts';

export interface ContainerRecord {
  version: 1;
  /** 64 hexadecimal digits. */
  id: string;
  name: string;
  /** ISO 8601. */
  created: string;
  imageId: string;
  options: ContainerOptions;
  state: ContainerState;
}

export type ContainerState =
  /** Never started, or the start failed: then with the reason and the status that Docker gives it. */
  | { status: 'created'; exitCode: number; error: string }
  | { status: 'running'; pid: number; address: string; startedAt: string; paused: boolean }
  | { status: 'exited'; exitCode: number; startedAt: string; finishedAt: string; oomKilled: boolean };

const fileName = 'config.json';

export async function saveRecord(directory: string, record: ContainerRecord): Promise<void> {
  await replaceFile(join(directory, fileName), JSON.stringify(record));
}

/** One container per folder. A folder whose record cannot be read is no container; it is left where it is. */
export async function loadRecords(containers: string): Promise<ContainerRecord[]> {
  const records: ContainerRecord[] = [];
  for (const id of await readdir(containers)) {
    const text = await readFile(join(containers, id, fileName), 'utf8').catch(() => '');
    const record = parseRecord(text);
    if (record?.id === id) records.push(asFound(record));
  }
  return records.sort((one, other) => one.created.localeCompare(other.created));
}

/** What `docker wait` answers for a container that does not run. */
export function exitCodeOf({ state }: ContainerRecord): number {
  return state.status === 'running' ? 0 : state.exitCode;
}

function parseRecord(text: string): ContainerRecord | null {
  try {
    const record = JSON.parse(text) as ContainerRecord;
    if (record.version !== 1) return null;
    const later = { init: false, memory: defaultLimits.memory, pidsLimit: defaultLimits.pids, nanoCpus: 0, volumes: [] };
    return { ...record, options: { ...later, ...record.options } }; // some were written before there were these
  } catch {
    return null;
  }
}

/** What ran when the machine lost its power ends like a killed process. */
function asFound(record: ContainerRecord): ContainerRecord {
  if (record.state.status !== 'running') return record;
  const { startedAt } = record.state;
  return { ...record, state: { status: 'exited', exitCode: 137, startedAt, finishedAt: new Date().toISOString(), oomKilled: false } };
}
