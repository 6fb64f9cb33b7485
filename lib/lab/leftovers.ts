/** Ends what an earlier lab left running in its machines because it was killed before it could. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Sends KILL to every process of a machine whose sockets are below `run`, and answers with their number.
 * Units and SSH sessions carry their machine's directory in the environment, and hand it on to what they start.
 */
export function endLeftovers(run: string): number {
  const pids = machineProcesses(`COREOS_MACHINE=${run}/`);
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended by itself meanwhile
    }
  }
  return pids.length;
}

function machineProcesses(entry: string): number[] {
  if (process.platform !== 'linux') {
    // `ps -E` prints the environment behind the command.
    const lines = execFileSync('ps', ['-axwwE', '-o', 'pid=,command='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }).split('\n');
    return lines.filter((line) => line.includes(` ${entry}`)).map((line) => Number.parseInt(line, 10));
  }
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => environmentOf(pid).includes(`\0${entry}`)).map(Number);
}

function environmentOf(pid: string): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`;
  } catch {
    return ''; // gone, or another user's
  }
}
