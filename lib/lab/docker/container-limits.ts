// Holds a container to its memory and its number of processes, by looking often: no privilege of this computer is needed for that.
import { findProgram } from '../find-program.ts';
import { signalProcess } from '../processes.ts';
import { listTree, type TreeProcess } from './process-tree.ts';

export interface Limits {
  /** Bytes of all processes together, without what they share. */
  memory: number;
  /** Processes and threads, as Linux counts them. */
  pids: number;
}

/** As security asks for: enough for a Node server and some children. */
export const defaultLimits: Limits = { memory: 256 * 1024 * 1024, pids: 256 };

export interface LimitWatch {
  /** What runs in the container now, oldest first. */
  tree(): TreeProcess[];
  /** One more process that joined the container, with everything that it starts. */
  add(pid: number): void;
  /** Answers with what was seen last. */
  stop(): TreeProcess[];
}

const lookMs = 200;
/** Between two looks a program can take more than its limit; beyond this, the kernel refuses it memory at once. */
const slackBytes = 512 * 1024 * 1024;
/** The largest file that a container may write. */
const fileBytes = 1024 * 1024 * 1024;

/** @param onOutOfMemory before a process is killed for its memory */
export function watchLimits(first: number, limits: Limits, onOutOfMemory: () => void): LimitWatch {
  const roots = new Set([first]);
  const known = new Map<number, TreeProcess>();

  function look(): TreeProcess[] {
    const tree = listTree(roots, known);
    for (const pid of roots) if (!known.has(pid)) roots.delete(pid);
    return tree;
  }

  function enforce(): void {
    const tree = look();
    if (sum(tree, 'memory') > limits.memory) {
      onOutOfMemory();
      signalProcess(tree.reduce((one, other) => (other.memory > one.memory ? other : one)).pid, 'SIGKILL');
    }
    let pids = sum(tree, 'threads');
    // Whoever doubles the limit between two looks is faster than killing one by one.
    if (pids > limits.pids * 2) {
      signalProcess(first, 'SIGKILL');
      return;
    }
    for (const { pid, threads } of tree.reverse()) {
      if (pids <= limits.pids) return;
      signalProcess(pid, 'SIGKILL');
      pids -= threads;
    }
  }

  const timer = setInterval(enforce, lookMs).unref();
  return {
    tree: look,
    add: (pid) => void roots.add(pid),
    stop() {
      clearInterval(timer);
      return [...known.values()];
    },
  };
}

export function sum(tree: TreeProcess[], what: 'memory' | 'threads' | 'cpuMs'): number {
  return tree.reduce((total, process) => total + process[what], 0);
}

/** What stands before a command line so that the kernel holds its limits: nothing where there is no `prlimit`. */
export function limitCommand(memory: number): string[] {
  if (prlimit === undefined) prlimit = findProgram('prlimit');
  return prlimit ? [prlimit, `--data=${memory + slackBytes}`, `--fsize=${fileBytes}`, '--core=0', '--'] : [];
}

let prlimit: string | null | undefined;
