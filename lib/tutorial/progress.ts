/** Which steps are proven done, kept on disk. */
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from './json-file.ts';
import { keepTrying } from './keep-trying.ts';

export interface Progress {
  /** Ids of steps, in the order in which they were done. */
  steps(): string[];
  /** False when it was done before. */
  add(step: string): boolean;
  remove(step: string): boolean;
  close(): void;
}

const schema = z.strictObject({ version: z.literal(1), steps: z.array(z.string().max(128)).max(10_000) });

export interface ProgressOptions {
  file: string;
  /** The file was damaged: a sentence for the learner. */
  report: (message: string) => void;
  /** The file cannot be written, or (null) can again; meanwhile progress is kept in memory. */
  failing: (message: string | null) => void;
}

export function openProgress({ file, report, failing }: ProgressOptions): Progress {
  const steps = new Set(readJsonFile(file, (json) => schema.parse(json), report)?.steps);
  const saving = keepTrying(
    () => writeJsonFile(file, { version: 1, steps: [...steps] }),
    (error) => failing(error && `Progress could not be saved in ${file} (${error.message}). It is kept until the app stops.`),
  );
  return {
    steps: () => [...steps],
    close: saving.close,
    add(step) {
      if (steps.has(step)) return false;
      steps.add(step);
      saving.now();
      return true;
    },
    remove(step) {
      const removed = steps.delete(step);
      if (removed) saving.now();
      return removed;
    },
  };
}
