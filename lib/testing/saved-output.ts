import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is on disk of a terminal's output; `folder` is the one of its history. */
export function savedOutput(folder: string): string {
  const segments = readdirSync(folder).filter((name) => name.endsWith('.out'));
  return Buffer.concat(segments.sort().map((name) => readFileSync(join(folder, name)))).toString();
}
