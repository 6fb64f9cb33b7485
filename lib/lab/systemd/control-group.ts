// The processes that belong to one activation of a unit, found without kernel control groups: by process group, session and mark.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readProc, readStat } from '#lib/lab/read-proc.ts';
import { programBehind } from '#lib/lab/sandbox/process-numbers.ts';

export interface ControlGroup {
  /** A variable that every process of the group carries unless it cleared its environment. */
  readonly mark: { name: string; value: string };
  /**
   * Adds the process group (and session) that a spawned process leads. One `inFront` only waits for the program that it has put into
   * the machine: that program is meant wherever the waiting one is named.
   */
  add(pid: number, inFront?: boolean): void;
  /** The processes that are left, in the order of their ids; zombies not counted. */
  members(): number[];
  /** Signals these processes; those that are gone already are passed over. */
  kill(pids: number[], signal: NodeJS.Signals): void;
}

export function controlGroup(mark: { name: string; value: string }): ControlGroup {
  const leaders = new Set<number>();
  const fronts = new Set<number>();

  function members(): number[] {
    if (leaders.size === 0) return [];
    const all = listProcesses();
    const programs = all.filter(({ parent }) => fronts.has(parent));
    for (const { pid } of programs) leaders.add(pid);
    const found = all.filter(
      (entry) =>
        (leaders.has(entry.group) || leaders.has(entry.session) || (entry.inherits && carries(entry.pid, mark))) &&
        !programs.some(({ parent }) => parent === entry.pid),
    );
    // A number whose processes are all gone may be given to a stranger.
    for (const leader of leaders) if (!found.some(({ group, session }) => group === leader || session === leader)) leaders.delete(leader);
    for (const front of fronts) if (!all.some(({ pid }) => pid === front)) fronts.delete(front);
    return found.map(({ pid }) => pid);
  }

  return {
    mark,
    add(pid, inFront = false) {
      leaders.add(pid);
      if (inFront) fronts.add(pid);
    },
    members,
    kill(pids, signal) {
      for (const pid of new Set(pids.map((pid) => (fronts.has(pid) ? (programBehind(pid) ?? pid) : pid)))) {
        if (pid > 1) signalProcess(pid, signal);
      }
    },
  };
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // ESRCH: it ended meanwhile. EPERM: it became somebody else, which only a set-uid program can.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

interface ListedProcess {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** Young enough to be a descendant of ours, so that its environment is worth reading. */
  inherits: boolean;
}

function listProcesses(): ListedProcess[] {
  return process.platform === 'linux' ? listFromProc() : listFromPs();
}

function listFromProc(): ListedProcess[] {
  const own = startTime(readStat(process.pid));
  const processes: ListedProcess[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const fields = readStat(pid);
    const state = fields[0];
    if (state === undefined || state === 'Z' || state === 'X') continue;
    const [parent = 0, group = 0, session = 0] = fields.slice(1, 4).map(Number);
    processes.push({ pid, parent, group, session, inherits: startTime(fields) >= own });
  }
  return processes;
}

function startTime(fields: string[]): number {
  return Number(fields[19] ?? 0);
}

function carries(pid: number, { name, value }: ControlGroup['mark']): boolean {
  return pid !== process.pid && `\0${readProc(`${pid}/environ`)}`.includes(`\0${name}=${value}\0`);
}

function listFromPs(): ListedProcess[] {
  const output = execFileSync('ps', ['-A', '-o', 'pid=', '-o', 'pgid=', '-o', 'stat='], { encoding: 'utf8' });
  return output.split('\n').flatMap((line) => {
    const [pid, group, state] = line.trim().split(/\s+/);
    if (state === undefined || state.startsWith('Z')) return [];
    return [{ pid: Number(pid), parent: 0, group: Number(group), session: 0, inherits: false }];
  });
}
