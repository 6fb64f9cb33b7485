// Waits until units have reached a state and says where.
import { setTimeout as delay } from 'node:timers/promises';
import type { TargetState } from '#lib/cluster/fleet-client.ts';
import { isGlobal } from '#lib/cluster/unit-file.ts';
import { machineCache, machineFullLegend, type Run } from './run.ts';

const pollMs = 250;
/** One of `--block-attempts`: two seconds of looking. */
const pollsPerAttempt = 8;

/** Resolves with why it gave up: for the first of the units for which `--block-attempts` ran out. Null when all are there. */
export async function waitForUnits(run: Run, names: string[], state: TargetState): Promise<string | null> {
  const attempts = run.flags.number('block-attempts');
  const polls = attempts > 0 ? attempts * pollsPerAttempt : Number.POSITIVE_INFINITY;
  const machines = machineCache(run);

  async function waitFor(name: string): Promise<string | null> {
    for (let poll = 0; poll < polls; poll += 1) {
      if (poll > 0) await delay(pollMs);
      // A request that fails is tried again, as long as there is time.
      const unit = await run.connection.fleet.unit(name).catch(() => null);
      if (unit === null || (unit.currentState !== state && !isGlobal(unit.options))) continue;
      const place = unit.machineID ? ` on ${machineFullLegend(unit.machineID, await machines())}` : '';
      run.console.out(`Unit ${name} ${unit.currentState}${place}\n`);
      return null;
    }
    return `timed out waiting for unit ${name} to report state ${state}`;
  }

  const failures = await Promise.all(names.map(waitFor));
  return failures.find((failure) => failure !== null) ?? null;
}
