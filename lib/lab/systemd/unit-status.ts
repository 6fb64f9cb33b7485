// A unit as systemctl sees it. Plain JSON: it travels over the machine's socket.
import { describeExit, type ProcessExit } from './exit.ts';
import type { ServiceStatus } from './service-life.ts';
import type { UnitState } from './unit-manager.ts';

export interface UnitStatus extends UnitState {
  description: string;
  /** Where the unit file lies inside the machine; null for what belongs to the machine itself. */
  path: string | null;
  /** `enabled-runtime`, `linked-runtime`, `static`; empty when there is no file. */
  enabled: string;
  /** The unit file's text; empty when there is no file. */
  text: string;
  /** Why it could not be loaded. */
  loadError: string | null;
  /** `success`, `exit-code`, `timeout`, … */
  result: string;
  /** When the active word was last changed, in milliseconds since 1970; null while it never was. */
  since: number | null;
  /** How often Restart= acted. */
  restarts: number;
  main: Execution | null;
  control: Execution | null;
  /** The commands run besides the main one in the latest activation, that have ended. */
  finished: Execution[];
  /** What runs in the unit's control group. */
  processes: { pid: number; command: string }[];
}

/** One command that was run. */
export interface Execution {
  /** `ExecStartPre`. */
  directive: string;
  /** As the unit file has it. */
  written: string;
  program: string;
  pid: number;
  startedAt: number;
  endedAt: number | null;
  exit: ProcessExit | null;
}

/** What systemd calls ActiveState. */
export function activeWord(status: ServiceStatus): UnitState['active'] {
  switch (status) {
    case 'dead':
      return 'inactive';
    case 'failed':
      return 'failed';
    case 'running':
    case 'exited':
      return 'active';
    case 'start-pre':
    case 'start':
    case 'start-post':
    case 'auto-restart':
      return 'activating';
    case 'stop':
    case 'stop-post':
    case 'stop-sigterm':
    case 'stop-sigkill':
    case 'final-sigterm':
    case 'final-sigkill':
      return 'deactivating';
    default:
      return status satisfies never;
  }
}

/** `(docker)` while it runs, `(code=exited, status=1/FAILURE)` afterwards. */
export function describeExecution({ program, exit }: Execution): string {
  return exit ? `(${describeExit(exit)})` : `(${program})`;
}
