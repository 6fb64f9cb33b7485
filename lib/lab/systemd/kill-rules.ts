// Whom a stage of stopping signals, and how.
import type { ServiceSettings } from './service-settings.ts';
import type { SignalStatus } from './service-state.ts';

export interface KillPlan {
  /** One after another. */
  signals: NodeJS.Signals[];
  /** The whole control group is signalled and waited for, not only the unit's own processes. */
  everybody: boolean;
}

/** What KillMode= and its kin say; null when nobody is to be signalled. */
export function killPlan(status: SignalStatus, settings: ServiceSettings): KillPlan | null {
  const { killMode, killSignal, sendSigkill, sendSighup } = settings;
  const last = status === 'stop-sigkill' || status === 'final-sigkill';
  if (killMode === 'none' || (last && !sendSigkill)) return null;
  const everybody = killMode === 'control-group' || (killMode === 'mixed' && last);
  if (last) return { signals: ['SIGKILL'], everybody };
  // A stopped process would not see the signal; a shell that ignores TERM ends when its terminal seems to.
  return { signals: [killSignal, 'SIGCONT', ...(sendSighup ? (['SIGHUP'] as const) : [])], everybody };
}
