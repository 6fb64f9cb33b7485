/** What runs on this computer, with the environment that tells to whom it belongs. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readProc, readStat } from './read-proc.ts';

export interface RunningProcess {
  pid: number;
  parent: number;
  /** SIGSTOP or the like keeps it where it is. */
  stopped: boolean;
  /**
   * `NAME=value` entries, each with a NUL before and behind it. Empty for another user's. Where there is no /proc, the words of the
   * command line are among them, and a value with a blank is cut in two.
   */
  environment: string;
}

/** All but this one, and but those that have ended and only wait for their parent. */
export function listProcesses(): RunningProcess[] {
  const all = process.platform === 'linux' ? listFromProc() : listFromPs();
  return all.filter(({ pid }) => pid !== process.pid);
}

/** False when it has ended meanwhile. @param pid negative for a whole group, as in kill(2) */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}

function listFromProc(): RunningProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .flatMap((pid) => {
      const [state, parent] = readStat(pid);
      if (state === undefined || state === 'Z' || state === 'X') return [];
      return [{ pid, parent: Number(parent), stopped: state === 'T', environment: `\0${readProc(`${pid}/environ`)}` }];
    });
}

/** `ps -E` prints the environment behind the command. */
function listFromPs(): RunningProcess[] {
  const listing = execFileSync('ps', ['-axwwE', '-o', 'pid=,ppid=,stat=,command='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return listing.split('\n').flatMap((line) => {
    const [, pid, parent, state = '', rest = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)/.exec(line) ?? [];
    if (state === '' || state.startsWith('Z')) return [];
    const environment = `\0${rest.replaceAll(' ', '\0')}\0`;
    return [{ pid: Number(pid), parent: Number(parent), stopped: state.startsWith('T'), environment }];
  });
}
