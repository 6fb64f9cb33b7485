/** The runs of this workspace, kept on disk with every change, so that after a restart the page shows how each of them ended. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { terminalNames } from '#lib/shared/chapter.ts';
import type { Run } from '#lib/shared/run.ts';
import { setAside } from './json-file.ts';
import { keepTrying } from './keep-trying.ts';
import { advance } from './run-machine.ts';

export interface RunRecords {
  /** As they were, oldest first; what was under way when the app ended is interrupted. */
  restored: Run[];
  save(run: Run): void;
  close(): void;
}

export interface RunRecordsOptions {
  file: string;
  /** Something was lost: a sentence for the learner. */
  report: (message: string) => void;
  /** The runs cannot be written, or (null) can again. */
  failing: (message: string | null) => void;
}

/** As many as the runner remembers. */
const memory = 1000;
/** The file is written anew when it has so many changes. */
const longest = 10_000;
/** Bytes; so many changes need a tenth of it. */
const largest = 32 * 1024 * 1024;

const time = z.number().nonnegative();
const identity = {
  id: z.string().min(1).max(128),
  chapter: z.string().max(128),
  step: z.string().max(128),
  terminal: z.enum(terminalNames),
  queuedAt: time,
};
const ended = { startedAt: time, duration: time, from: time, to: time };
const maybeEnded = { startedAt: time.optional(), duration: time.optional(), from: time.optional(), to: time.optional() };
const question = z.strictObject({ text: z.string(), answer: z.string() }).nullable();
const schema = z.discriminatedUnion('status', [
  z.strictObject({ ...identity, status: z.literal('queued') }),
  z.strictObject({ ...identity, status: z.literal('running'), startedAt: time, from: time, question, reached: z.boolean() }),
  z.strictObject({ ...identity, ...ended, status: z.literal('succeeded') }),
  z.strictObject({ ...identity, ...ended, status: z.literal('failed'), exitStatus: z.number().nullable(), reason: z.string() }),
  z.strictObject({ ...identity, ...maybeEnded, status: z.literal('cancelled') }),
  z.strictObject({ ...identity, ...maybeEnded, status: z.literal('interrupted'), reason: z.string() }),
]);

export function openRunRecords({ file, report, failing }: RunRecordsOptions): RunRecords {
  const runs = readRuns(file, report);
  for (const [id, run] of runs) {
    runs.set(id, advance(run, { type: 'abandoned', reason: 'The app ended while this was under way; how it went on is not known.' }));
  }
  let lines = 0;
  /** What the file lacks can only be told by writing it anew. */
  let whole = true;
  const saving = keepTrying(write, (error) => failing(error && `The runs cannot be saved in ${file} (${error.message}).`));
  let changed: Run[] = [];

  return {
    restored: [...runs.values()],
    save(run) {
      runs.set(run.id, run);
      if (runs.size > memory) runs.delete(runs.keys().next().value!);
      changed.push(run);
      saving.now();
    },
    close: saving.close,
  };

  function write(): void {
    if (whole || lines > longest) writeWhole();
    else if (changed.length > 0) {
      whole = true; // until it is certain that all of it was written
      appendFileSync(file, changed.map(toLine).join(''), { mode: 0o600 });
      whole = false;
      lines += changed.length;
    }
    changed = [];
  }

  function writeWhole(): void {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.tmp`, [...runs.values()].map(toLine).join(''), { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
    whole = false;
    lines = runs.size;
  }
}

function toLine(run: Run): string {
  return `${JSON.stringify(run)}\n`;
}

/** The last line of each run counts; what cannot be read is left out and told, but for a last line that a crash tore apart. */
function readRuns(file: string, report: (message: string) => void): Map<string, Run> {
  const runs = new Map<string, Run>();
  if (!existsSync(file)) return runs;
  let lines: string[] = [];
  try {
    const { size } = statSync(file);
    if (size > largest) {
      report(`${file} is damaged (it has ${Math.round(size / 1024 / 1024)} MB); ${setAside(file)}. Earlier runs are not shown.`);
      return runs;
    }
    lines = readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    report(`${file} cannot be read (${(error as Error).message}); earlier runs are not shown.`);
  }
  lines.pop();
  let damaged = 0;
  for (const line of lines) {
    const run = parseRun(line);
    if (run) runs.set(run.id, run);
    else damaged += 1;
  }
  if (damaged > 0) {
    const aside = `${file}.corrupt-${new Date().toISOString().replace(/[:.]/g, '-')}`;
    const saved = attempt(() => writeFileSync(aside, lines.join('\n'), { mode: 0o600 }));
    report(`${file} had ${damaged} damaged line${damaged === 1 ? '' : 's'}${saved ? `; it was kept as ${aside}` : ''}.`);
  }
  return new Map([...runs].slice(-memory));
}

function parseRun(line: string): Run | null {
  try {
    return schema.parse(JSON.parse(line)) as Run;
  } catch {
    return null;
  }
}

function attempt(write: () => void): boolean {
  try {
    write();
    return true;
  } catch {
    return false; // the disk is full or read-only, which the next save tells
  }
}
