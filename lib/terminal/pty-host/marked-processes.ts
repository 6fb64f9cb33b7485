/** Processes that carry the mark of whoever started this host, in their environment: what outlives a killed app (`setsid`, `nohup`). */
import { readdirSync, readFileSync } from 'node:fs';

/** Kills every process whose environment holds all of `mark`'s entries, this one excepted. Does nothing for an empty mark, or without /proc. */
export function killMarked(mark: string[]): void {
  if (mark.length === 0) return;
  for (const pid of listProcesses()) {
    if (pid === process.pid || !mark.every((entry) => environmentOf(pid).includes(entry))) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** This process's own environment but for what every program gets. */
export function ownMark(): string[] {
  return Object.entries(process.env).flatMap(([name, value]) => (name === 'PATH' ? [] : [`${name}=${value}`]));
}

function listProcesses(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return []; // gone, or another user's
  }
}
