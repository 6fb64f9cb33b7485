/** The processes of a machine in a sandbox, which have a number inside and another one on this computer. */
import { readProc } from '../read-proc.ts';

/** The process that a waiting one in front has put into the machine: its number on this computer, null when there is none (any more). */
export function programBehind(front: number): number | null {
  const [child] = readProc(`${front}/task/${front}/children`).trim().split(' ');
  return child ? Number(child) : null;
}

/** As the machine numbers it; the given number when the process is gone. */
export function pidInMachine(pid: number): number {
  const numbers = /^NSpid:\s+(.*)$/m.exec(readProc(`${pid}/status`))?.[1]?.split(/\s+/);
  return numbers ? Number(numbers.at(-1)) : pid;
}
