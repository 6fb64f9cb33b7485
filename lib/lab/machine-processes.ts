/** The processes of a machine: its units, containers and SSH sessions, whoever started them, and whatever they started. */
import { listProcesses, type RunningProcess, signalProcess } from './processes.ts';

/** Rounds of looking for processes that were forked while the others were being signalled. */
const maxRounds = 20;

/**
 * Sends KILL to every process of the machine whose sockets lie in `run`, or of all machines below it, and answers with their number.
 * They carry that directory in the environment, and hand it on to what they start.
 */
export function killMachineProcesses(run: string): number {
  return signalAll(run, 'SIGKILL', new Set());
}

/** Stops every process of the machine where it is; answers with the function that lets exactly these go on. */
export function freezeMachineProcesses(run: string): () => void {
  const frozen = new Set<number>();
  signalAll(run, 'SIGSTOP', frozen);
  return () => {
    for (const pid of frozen) signalProcess(pid, 'SIGCONT');
  };
}

function signalAll(run: string, signal: 'SIGKILL' | 'SIGSTOP', signalled: Set<number>): number {
  for (let round = 0; round < maxRounds; round++) {
    // One that somebody stopped before is to stay so when the others go on.
    const found = machineProcesses(run).filter(({ pid, stopped }) => !signalled.has(pid) && !(stopped && signal === 'SIGSTOP'));
    if (found.length === 0) break;
    for (const { pid } of found) {
      signalled.add(pid);
      signalProcess(pid, signal);
    }
  }
  return signalled.size;
}

/** A process may have been given another environment; then its parent tells where it belongs. */
function machineProcesses(run: string): RunningProcess[] {
  const all = listProcesses();
  const own = new Set(all.filter(({ environment }) => carries(environment, run)).map(({ pid }) => pid));
  for (let grown = true; grown; ) {
    const children = all.filter(({ pid, parent }) => !own.has(pid) && own.has(parent));
    for (const { pid } of children) own.add(pid);
    grown = children.length > 0;
  }
  return all.filter(({ pid }) => own.has(pid));
}

function carries(environment: string, run: string): boolean {
  const at = environment.indexOf(`\0COREOS_MACHINE=${run}`);
  return at >= 0 && ['\0', '/'].includes(environment[at + `\0COREOS_MACHINE=${run}`.length] ?? '');
}
