// The processes that are measured: what they cost, from /proc, and that they end.
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Clock ticks per second in /proc; 100 on every Linux that Node supports. */
const ticks = 100;

/** CPU seconds that the processes have used so far, user and system. */
export function cpuSeconds(pids: number[]): number {
  return sum(pids, (pid) => {
    const fields = statOf(pid);
    return (Number(fields[11]) + Number(fields[12])) / ticks;
  });
}

/** Resident memory in MB, now. */
export function memory(pids: number[]): number {
  return sum(pids, (pid) => statusOf(pid, 'VmRSS'));
}

/** The most resident memory in MB since `forgetPeak`. */
export function peakMemory(pids: number[]): number {
  return sum(pids, (pid) => statusOf(pid, 'VmHWM'));
}

export function forgetPeak(pids: number[]): void {
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** A server does not outlive the bench that started it, however that ends, unless it is killed. */
export function endWithBench(server: ChildProcess): void {
  process.once('exit', () => server.kill('SIGTERM'));
}

/** The direct children whose command line contains `word`. */
export function childrenOf(parent: number, word: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return Number(statOf(pid)[1]) === parent && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word);
      } catch {
        return false; // not a process, or gone by now
      }
    });
}

function sum(pids: number[], of: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + of(pid), 0);
}

/** The fields from the third one on: the second is a name in parentheses that may hold anything. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function statusOf(pid: number, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? Number.NaN) / 1024;
}
