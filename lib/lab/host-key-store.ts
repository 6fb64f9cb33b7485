/** Host keys, made ahead: an RSA key takes longer than the whole rest of a machine's boot. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readFileIfPresent, replaceFile } from './files.ts';
import { generateHostKeys } from './ssh/host-keys.ts';

export interface HostKeyStore {
  /** Makes a set of spare keys unless there is one on disk. */
  prepare(): Promise<void>;
  /** The machine's keys in PEM: those in its directory, or new ones that are put there. */
  keysOf(machineDirectory: string): Promise<string[]>;
}

const keysSchema = z.array(z.string()).min(1);

export function createHostKeyStore(path: string): HostKeyStore {
  let spare: Promise<string[]> | undefined;

  async function loadSpare(): Promise<string[]> {
    const text = await readFileIfPresent(path);
    const keys = keysSchema.safeParse(text === null ? null : parse(text));
    return keys.success ? keys.data : saveSpare();
  }

  async function saveSpare(): Promise<string[]> {
    const keys = await generateHostKeys();
    await replaceFile(path, JSON.stringify(keys));
    return keys;
  }

  async function takeSpare(): Promise<string[]> {
    const taken = spare ?? loadSpare();
    // Gone from disk before they are handed out, so that a crash in between cannot give them to a second machine.
    const removed = taken.then(() => rm(path, { force: true }));
    spare = removed.then(saveSpare);
    spare.catch(() => {}); // the next one to take them gets to know
    await removed;
    return taken;
  }

  return {
    async prepare() {
      spare ??= loadSpare();
      await spare;
    },
    async keysOf(machineDirectory) {
      const own = join(machineDirectory, 'etc/ssh/host-keys.json');
      const present = await readFileIfPresent(own);
      const keys = keysSchema.safeParse(present === null ? null : parse(present));
      if (keys.success) return keys.data;
      const fresh = await takeSpare();
      await replaceFile(own, JSON.stringify(fresh));
      return fresh;
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
