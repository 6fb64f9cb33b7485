/** Files of Linux's /proc, whose processes may end at any time. Where there is no /proc, every process looks gone. */
import { readFileSync } from 'node:fs';

/** A file below /proc. Empty when its process is gone, or another user's. */
export function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return '';
  }
}

/** The fields of /proc/PID/stat from the third on, the state: the second is the program's name, which may hold anything. */
export function readStat(pid: number): string[] {
  const stat = readProc(`${pid}/stat`);
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
