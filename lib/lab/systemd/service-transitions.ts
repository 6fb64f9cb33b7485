// What follows what in a service's life: the ways out of every phase and stage, and of the states that last too long.
import type { ExecPhase } from './service-settings.ts';
import type { ServiceStatus, SignalStatus } from './service-state.ts';

/** The commands of a phase, a stage of signalling, the running that a start or reload leads to, or the end. */
export type Destination = ExecPhase | SignalStatus | 'running' | 'dead';

/** Once the last of the phase's commands is done, or when it has none: a oneshot unit may have nothing but ExecStop=. */
export const afterPhase: Record<ExecPhase, Destination> = {
  'start-pre': 'start',
  start: 'start-post',
  'start-post': 'running',
  reload: 'running',
  stop: 'stop-sigterm',
  'stop-post': 'final-sigterm',
};

/** When one of the phase's commands fails, or cannot be run. */
export const afterFailure: Record<ExecPhase, Destination> = {
  'start-pre': 'stop-sigterm',
  start: 'stop-sigterm',
  'start-post': 'stop-sigterm',
  reload: 'running',
  stop: 'stop-sigterm',
  'stop-post': 'final-sigterm',
};

/** Once those who were signalled are gone. */
export const afterSignal: Record<SignalStatus, Destination> = {
  'stop-sigterm': 'stop-post',
  'stop-sigkill': 'stop-post',
  'final-sigterm': 'dead',
  'final-sigkill': 'dead',
};

/** What is said when a state has lasted too long, and where it goes from there. */
interface Timeout {
  message: string;
  next: Destination;
}

const timeouts: Partial<Record<ServiceStatus, Timeout>> = {
  'start-pre': { message: 'start-pre operation timed out. Terminating.', next: 'stop-sigterm' },
  start: { message: 'start operation timed out. Terminating.', next: 'stop-sigterm' },
  'start-post': { message: 'start-post operation timed out. Stopping.', next: 'stop-sigterm' },
  reload: { message: 'reload operation timed out. Killing reload process.', next: 'running' },
  stop: { message: 'stopping timed out. Terminating.', next: 'stop-sigterm' },
  'stop-sigterm': { message: 'stop-sigterm timed out. Killing.', next: 'stop-sigkill' },
  'stop-sigkill': { message: 'still around after SIGKILL. Ignoring.', next: 'stop-post' },
  'stop-post': { message: 'stop-post timed out. Terminating.', next: 'final-sigterm' },
  'final-sigterm': { message: 'stop-final-sigterm timed out. Killing.', next: 'final-sigkill' },
  'final-sigkill': { message: 'still around after final SIGKILL. Entering failed mode.', next: 'dead' },
};

/** Undefined for the states that may last. */
export function timeoutOf(status: ServiceStatus, sendSigkill: boolean): Timeout | undefined {
  const timeout = timeouts[status];
  return timeout && !sendSigkill ? { ...timeout, message: timeout.message.replace('Killing.', 'Skipping SIGKILL.') } : timeout;
}
