// Finds and ends processes of an earlier session that outlived it (`setsid`, `nohup`, a killed parent).
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { markVariable } from '#lib/lab/api.ts';

/** Sends KILL to every process that carries the mark, this one excepted, and answers with their number. */
export function endSurvivors(mark: string): number {
  const survivors = markedProcesses(mark).filter((pid) => pid !== process.pid);
  for (const pid of survivors) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended by itself meanwhile
    }
  }
  return survivors.length;
}

/** The ids of the living processes whose environment carries the mark. */
export function markedProcesses(mark: string): number[] {
  const entry = `${markVariable}=${mark}`;
  if (process.platform !== 'linux') {
    // `ps -E` prints the environment behind the command.
    const lines = execFileSync('ps', ['-axwwE', '-o', 'pid=,command='], { encoding: 'utf8', maxBuffer: 64 << 20 }).split('\n');
    return lines.filter((line) => line.includes(entry)).map((line) => Number.parseInt(line, 10));
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(entry))
    .map(Number);
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return []; // gone, or another user's
  }
}
