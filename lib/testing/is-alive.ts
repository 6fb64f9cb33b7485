import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Whether a process runs. A zombie, which nobody has waited for yet, counts as ended. Linux needs no program for it: a bare one has no `ps`. */
export function isAlive(pid: number): boolean {
  if (process.platform !== 'linux')
    return /^[^Z\s]/.test(spawnSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' }).stdout.trim());
  try {
    // The state follows the name, which is in parentheses and may contain anything.
    return !/^.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
