/** The processes of a machine: its units, containers and SSH sessions, whoever started them, and whatever they started. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

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
    for (const pid of frozen) send(pid, 'SIGCONT');
  };
}

function signalAll(run: string, signal: 'SIGKILL' | 'SIGSTOP', signalled: Set<number>): number {
  for (let round = 0; round < maxRounds; round++) {
    // One that somebody stopped before is to stay so when the others go on.
    const found = machineProcesses(run).filter(({ pid, stopped }) => !signalled.has(pid) && !(stopped && signal === 'SIGSTOP'));
    if (found.length === 0) break;
    for (const { pid } of found) {
      signalled.add(pid);
      send(pid, signal);
    }
  }
  return signalled.size;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended by itself meanwhile
  }
}

interface MachineProcess {
  pid: number;
  stopped: boolean;
}

function machineProcesses(run: string): MachineProcess[] {
  const found = process.platform === 'linux' ? listFromProc(run) : listFromPs(run);
  return found.filter(({ pid }) => pid !== process.pid);
}

/** A process may have been given another environment; then its parent tells where it belongs. */
function listFromProc(run: string): MachineProcess[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = read(`/proc/${name}/stat`);
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (stat === '' || state === 'Z' || state === 'X') return [];
      return [
        { pid: Number(name), parent: Number(parent), stopped: state === 'T', marked: carries(`\0${read(`/proc/${name}/environ`)}`, run) },
      ];
    });
  const own = new Set(all.filter(({ marked }) => marked).map(({ pid }) => pid));
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

/** `ps -E` prints the environment behind the command. */
function listFromPs(run: string): MachineProcess[] {
  const lines = execFileSync('ps', ['-axwwE', '-o', 'pid=,stat=,command='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, state] = /^\s*(\d+)\s+(\S+)/.exec(line) ?? [];
    if (!state || state.startsWith('Z') || !carries(`${line.replaceAll(' ', '\0')}\0`, run)) return [];
    return [{ pid: Number(pid), stopped: state.startsWith('T') }];
  });
}

/** Empty for a process that is gone, or another user's. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
