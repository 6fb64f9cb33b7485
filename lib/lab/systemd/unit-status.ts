// A unit as systemctl sees it. Plain JSON: it travels over the machine's socket.
import { describeExit, type ProcessExit } from './exit.ts';
import type { ServiceStatus } from './service-state.ts';
import type { UnitState } from './unit-manager.ts';

export interface UnitStatus extends UnitState {
  description: string;
  /** Where the unit file lies inside the machine; null for what belongs to the machine itself. */
  path: string | null;
  /** `enabled`, `enabled-runtime`, `linked-runtime`, `disabled`, `static`, `masked`; empty when there is no file. */
  enabled: string;
  /** The unit file's text; empty when there is no file. */
  text: string;
  /** The files whose lines are added to it. */
  dropIns: { path: string; text: string }[];
  documentation: string[];
  /** What kept it from starting when that was tried last; `at` in milliseconds since 1970. */
  failedCheck: { text: string; assert: boolean; at: number } | null;
  /** Why it could not be loaded. */
  loadError: string | null;
  /** `success`, `exit-code`, `timeout`, … */
  result: string;
  /** When the active word was last changed, in milliseconds since 1970; null while it never was. */
  since: number | null;
  /** When it last came to be active and ceased to be, and the same for inactive. */
  times: Partial<Record<'ActiveEnter' | 'ActiveExit' | 'InactiveEnter' | 'InactiveExit', number>>;
  /** What its file says, as `systemctl show` names it. */
  declared: [name: string, value: string][];
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
    case 'reload':
      return 'reloading';
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
