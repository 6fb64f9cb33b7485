/** Which process groups belong to a pty, read from /proc: the pty host starts no programs, so it cannot ask `ps`. */
import { readdirSync, readFileSync } from 'node:fs';

/** The group in the foreground of the terminal that `pid` controls; null where there is no /proc or no such process. */
export function foregroundGroup(pid: number): number | null {
  const group = readStat(pid)?.foreground ?? -1;
  return group > 0 ? group : null;
}

/** Every process group of the session that `pid` leads, its own first: jobs in the background too. */
export function sessionGroups(pid: number): number[] {
  const groups = new Set<number>([pid]);
  for (const entry of listProcesses()) {
    const stat = readStat(entry);
    if (stat?.session === pid) groups.add(stat.group);
  }
  return [...groups];
}

/** Sends a signal to a whole process group; a group that is gone is no error. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // ESRCH: already gone. EPERM: somebody else's by now.
  }
}

function listProcesses(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function readStat(pid: number): { group: number; session: number; foreground: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { group: Number(fields[2]), session: Number(fields[3]), foreground: Number(fields[5]) };
  } catch {
    return null;
  }
}
