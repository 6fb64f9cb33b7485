/** Small state files: written whole or not at all, and set aside when they cannot be read, for the last one that could. */
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Nothing that we write is so long; it is not even read. */
const longest = 8 * 1024 * 1024;

/** Replaces the file's content in one step: after a crash there is the old one or the new one. The old one stays beside it. */
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
  keepLast(file);
  renameSync(temporary, file);
}

/**
 * What `parse` makes of the file; null when there is none. A file that `parse` throws at is renamed, the last good one is taken instead, and
 * `report` told both.
 */
export function readJsonFile<Value>(file: string, parse: (json: unknown) => Value, report: (message: string) => void): Value | null {
  const found = read(file, parse);
  if (found.status === 'missing') return null;
  if (found.status === 'good') return found.value;
  if (found.status === 'closed') {
    report(`${file} cannot be read (${found.reason}); starting without it.`);
    return null;
  }
  const last = read(lastOf(file), parse);
  const instead = last.status === 'good' ? ' The copy from before the last change is used.' : '';
  report(`${file} is damaged (${found.reason}); ${setAside(file)}.${instead}`);
  return last.status === 'good' ? last.value : null;
}

/** Renames a damaged file, and says in half a sentence what became of it. */
export function setAside(file: string): string {
  const aside = `${file}.corrupt-${new Date().toISOString().replace(/[:.]/g, '-')}`;
  try {
    renameSync(file, aside);
    return `it was set aside as ${aside}`;
  } catch {
    return 'it could not be set aside, and the next save replaces it';
  }
}

type Found<Value> = { status: 'good'; value: Value } | { status: 'missing' } | { status: 'closed' | 'damaged'; reason: string };

function read<Value>(file: string, parse: (json: unknown) => Value): Found<Value> {
  let text: string;
  try {
    const { size } = statSync(file);
    if (size > longest) return { status: 'damaged', reason: `it has ${Math.round(size / 1024 / 1024)} MB` };
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { status: 'missing' };
    return { status: 'closed', reason: (error as Error).message };
  }
  try {
    return { status: 'good', value: parse(JSON.parse(text)) };
  } catch (error) {
    return { status: 'damaged', reason: (error as Error).message };
  }
}

function lastOf(file: string): string {
  return `${file}.last`;
}

/** A second name for what is there, so that nothing is written for it. */
function keepLast(file: string): void {
  try {
    rmSync(lastOf(file), { force: true });
    linkSync(file, lastOf(file));
  } catch {
    // there is none yet, or this file system has no links
  }
}
