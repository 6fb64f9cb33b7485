/** The machines that exist, running or not, on disk: what `vagrant` would find after a restart of the computer. */
import { rename } from 'node:fs/promises';
import { z } from 'zod';
import { readFileIfPresent, replaceFile } from './files.ts';

const recordSchema = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/i),
  /** Vagrant's own id: 32 hexadecimal digits. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  /** /etc/machine-id */
  machineId: z.string().regex(/^[0-9a-f]{32}$/),
  /** From 1; the address follows from it. */
  number: z.number().int().min(1).max(99),
  /** The folder of the Vagrantfile. */
  directory: z.string(),
  channel: z.string(),
  state: z.enum(['running', 'poweroff', 'saved']),
  /** On 127.0.0.1: where it is, or was last. */
  sshPort: z.number().int().min(1).max(65_535),
  /** Docker's API on 127.0.0.1, when config.rb asked for it. */
  dockerPort: z.number().int().min(1).max(65_535).nullable(),
  /** A provisioning has succeeded. */
  provisioned: z.boolean(),
  /** The cluster that its etcd belongs to, once it does; from then on the discovery URL no longer counts. */
  cluster: z.string().nullable(),
});
const fileSchema = z.object({ version: z.literal(1), machines: z.array(recordSchema) });

export type MachineRecord = z.infer<typeof recordSchema>;

export interface MachineRecords {
  /** By name. */
  all(): MachineRecord[];
  find(name: string): MachineRecord | undefined;
  /** Resolves when the record is on disk. */
  save(record: MachineRecord): Promise<void>;
  remove(name: string): Promise<void>;
}

/** A damaged file is set aside, and `report` gets a sentence about it. */
export async function openMachineRecords(path: string, report: (text: string) => void): Promise<MachineRecords> {
  let records = await load(path, report);
  let written: Promise<void> = Promise.resolve();

  function write(): Promise<void> {
    const text = `${JSON.stringify({ version: 1, machines: records }, null, 2)}\n`;
    written = written.catch(() => {}).then(() => replaceFile(path, text));
    return written;
  }

  return {
    all: () => [...records],
    find: (name) => records.find((record) => record.name === name),
    save(record) {
      records = [...records.filter(({ name }) => name !== record.name), record].sort((a, b) => (a.name < b.name ? -1 : 1));
      return write();
    },
    remove(name) {
      records = records.filter((record) => record.name !== name);
      return write();
    },
  };
}

async function load(path: string, report: (text: string) => void): Promise<MachineRecord[]> {
  const text = await readFileIfPresent(path);
  if (text === null) return [];
  try {
    return fileSchema.parse(JSON.parse(text)).machines;
  } catch {
    const aside = `${path}.corrupt-${Date.now()}`;
    await rename(path, aside);
    report(`The list of machines could not be read, so the lab starts without machines; what was in it is kept in ${aside}.`);
    return [];
  }
}

/** `172.17.8.101` for the first machine, as the Vagrantfile says. */
export function machineAddress({ number }: { number: number }): string {
  return `172.17.8.${100 + number}`;
}
