/** Host keys, made ahead: an RSA key takes longer than the whole rest of a machine's boot. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readFileIfPresent, replaceFile } from './files.ts';
import { generateHostKeys } from './ssh/host-keys.ts';

export interface HostKeyStore {
  /** The machine's keys in PEM: those in its directory, or new ones that are put there. */
  keysOf(machineDirectory: string): Promise<string[]>;
}

/** As many machines as a cluster usually has, so that they boot without waiting for one another's keys. */
const spares = 3;
const keysSchema = z.array(z.string()).min(1);

/** Reads the spare keys in `directory`, and makes what is missing while nobody waits for it. */
export function createHostKeyStore(directory: string): HostKeyStore {
  const pool = Array.from({ length: spares }, (_, index) => createSpare(join(directory, `spare-${index + 1}.json`)));
  let filling: Promise<unknown> = Promise.resolve();
  fill();

  /** One key after the other, so that a boot that needs the processor meanwhile gets it. */
  function fill(): void {
    for (const spare of pool) filling = filling.then(() => spare.prepare()).catch(() => {}); // whoever takes it gets to know
  }

  return {
    async keysOf(machineDirectory) {
      const own = join(machineDirectory, 'etc/ssh/host-keys.json');
      const present = await readKeys(own);
      if (present !== null) return present;
      const spare = pool.find((candidate) => candidate.isReady()) ?? pool[0]!;
      const fresh = await spare.take();
      await replaceFile(own, JSON.stringify(fresh));
      fill();
      return fresh;
    },
  };
}

/** One pair of keys on disk, until somebody takes it. */
function createSpare(path: string) {
  let keys: Promise<string[]> | undefined;
  let ready = false;
  let removed = Promise.resolve();

  async function load(): Promise<string[]> {
    await removed;
    const present = await readKeys(path);
    const loaded = present ?? (await generateHostKeys());
    if (present === null) await replaceFile(path, JSON.stringify(loaded));
    ready = true;
    return loaded;
  }

  function prepare(): Promise<string[]> {
    keys ??= load().catch((error) => {
      keys = undefined;
      throw error;
    });
    return keys;
  }

  return {
    prepare,
    isReady: () => ready,
    async take(): Promise<string[]> {
      const taken = prepare();
      const loaded = await taken;
      // Another boot may have waited for the same pair, and got it.
      if (keys !== taken) return this.take();
      keys = undefined;
      ready = false;
      // Gone from disk before it is handed out, so that a crash in between cannot give it to a second machine.
      removed = rm(path, { force: true });
      await removed;
      return loaded;
    },
  };
}

async function readKeys(path: string): Promise<string[] | null> {
  const text = await readFileIfPresent(path);
  if (text === null) return null;
  try {
    return keysSchema.parse(JSON.parse(text));
  } catch {
    return null; // damaged: new ones are made
  }
}
