// Finds and ends processes of an earlier session that outlived it (`setsid`, `nohup`, a killed parent).
import { markVariable } from '#lib/lab/api.ts';
import { listProcesses, signalProcess } from '#lib/lab/processes.ts';

/** Sends KILL to every process that carries the mark, this one excepted, and answers with their number. */
export function endSurvivors(mark: string): number {
  const survivors = markedProcesses(mark);
  for (const pid of survivors) signalProcess(pid, 'SIGKILL');
  return survivors.length;
}

/** The ids of the living processes whose environment carries the mark, this one excepted. */
export function markedProcesses(mark: string): number[] {
  return listProcesses()
    .filter(({ environment }) => environment.includes(`\0${markVariable}=${mark}\0`))
    .map(({ pid }) => pid);
}
