/** Small state files: written whole or not at all, and set aside when they cannot be read. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Replaces the file's content in one step: after a crash there is the old one or the new one. */
export function writeJsonFile(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.tmp`;
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    writeFileSync(descriptor, `${JSON.stringify(value)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
}

/**
 * What `parse` makes of the file; null when there is none. A file that `parse` throws at is renamed, and `report` told where it went.
 */
export function readJsonFile<Value>(file: string, parse: (json: unknown) => Value, report: (message: string) => void): Value | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    report(`${file} cannot be read (${(error as Error).message}); starting without it.`);
    return null;
  }
  try {
    return parse(JSON.parse(text));
  } catch (error) {
    const aside = `${file}.corrupt-${new Date().toISOString().replace(/[:.]/g, '-')}`;
    try {
      renameSync(file, aside);
    } catch {
      report(`${file} is damaged (${(error as Error).message}) and could not be set aside; the next save replaces it.`);
      return null;
    }
    report(`${file} is damaged (${(error as Error).message}); it was set aside as ${aside}.`);
    return null;
  }
}
