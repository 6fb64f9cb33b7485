import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Who started a process and with which words; 0 and nothing when it is gone. From /proc where there is one: a bare Debian has no `ps`. */
export function describeProcess(pid: number): { parent: number; command: string } {
  try {
    if (process.platform === 'linux') {
      const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
      return { parent, command: readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ') };
    }
    const [parent = '', ...command] = execFileSync('ps', ['-o', 'ppid=,args=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/);
    return { parent: Number(parent), command: command.join(' ') };
  } catch {
    return { parent: 0, command: '' };
  }
}
