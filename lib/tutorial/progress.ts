/** Which steps are proven done, kept on disk. */
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from './json-file.ts';

export interface Progress {
  /** Ids of steps, in the order in which they were done. */
  steps(): string[];
  /** False when it was done before. */
  add(step: string): boolean;
  remove(step: string): boolean;
}

const schema = z.strictObject({ version: z.literal(1), steps: z.array(z.string().max(128)).max(10_000) });

/** @param report gets a sentence for the learner when the file is damaged or cannot be written; progress is then kept in memory */
export function openProgress({ file, report }: { file: string; report: (message: string) => void }): Progress {
  const steps = new Set(readJsonFile(file, (json) => schema.parse(json), report)?.steps);
  return {
    steps: () => [...steps],
    add(step) {
      if (steps.has(step)) return false;
      steps.add(step);
      save();
      return true;
    },
    remove(step) {
      const removed = steps.delete(step);
      if (removed) save();
      return removed;
    },
  };

  function save(): void {
    try {
      writeJsonFile(file, { version: 1, steps: [...steps] });
    } catch (error) {
      report(`Progress could not be saved in ${file} (${(error as Error).message}). It is kept until the app stops.`);
    }
  }
}
