// The processes of a container, as Linux lists them. Elsewhere there is no such list, and it stays empty.
import { readdirSync } from 'node:fs';
import { signalProcess } from '../processes.ts';
import { readProc, readStat } from '../read-proc.ts';

export interface TreeProcess {
  pid: number;
  parent: number;
  /** Clock ticks since the computer's start; with the pid it names a process for good. */
  startTime: number;
  /** What Linux counts against a limit of processes. */
  threads: number;
  /** Bytes of its own, without what it shares with others, such as Node's code. */
  memory: number;
  /** User and system time in milliseconds. */
  cpuMs: number;
}

const pageBytes = 4096;
const tickMs = 10;

/**
 * The processes that were named, and everything that they started.
 * @param known seen before: they count on when their parent is gone. Changed to what is found now.
 */
export function listTree(roots: Iterable<number>, known: Map<number, TreeProcess>): TreeProcess[] {
  const found = new Map<number, TreeProcess>();
  const waiting = [...roots, ...known.keys()];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    if (found.has(pid)) continue;
    const process = readProcess(pid);
    const before = known.get(pid);
    if (!process || (before && before.startTime !== process.startTime)) continue;
    found.set(pid, process);
    waiting.push(...children(pid));
  }
  known.clear();
  for (const [pid, process] of found) known.set(pid, process);
  return [...found.values()].sort((one, other) => one.startTime - other.startTime || one.pid - other.pid);
}

/** Until no more are listed: a process may have been started while the others were signalled. */
export function signalTree(list: () => TreeProcess[], name: NodeJS.Signals): void {
  const signalled = new Set<number>();
  for (let found = list(); found.length > 0; found = list().filter(({ pid }) => !signalled.has(pid))) {
    for (const { pid } of found) {
      signalled.add(pid);
      signalProcess(pid, name);
    }
  }
}

/** The words of its command line. */
export function commandOf(pid: number): string[] {
  return readProc(`${pid}/cmdline`).split('\0').slice(0, -1);
}

/** Every process of this computer whose environment has the text in it. */
export function processesWithEnvironment(text: string): number[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name) && readProc(`${name}/environ`).includes(text))
    .map(Number);
}

function readProcess(pid: number): TreeProcess | null {
  const fields = readStat(pid);
  const memory = readProc(`${pid}/statm`);
  if (fields.length === 0 || memory === '') return null;
  const pages = memory.split(' ').map(Number);
  const field = (number: number) => Number(fields[number - 3]);
  const own = Math.max(0, (pages[1] ?? 0) - (pages[2] ?? 0)) * pageBytes;
  return {
    pid,
    parent: field(4),
    startTime: field(22),
    threads: Math.max(1, field(20)),
    memory: own,
    cpuMs: (field(14) + field(15)) * tickMs,
  };
}

function children(pid: number): number[] {
  return list(`/proc/${pid}/task`).flatMap((thread) => readProc(`${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number));
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
