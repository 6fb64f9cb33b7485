// The commands of systemctl that answer with a word, and with their exit status.
import type { Options } from '#lib/lab/systemd/options.ts';
import { complain, print } from './console.ts';
import { loadUnit, loadUnits } from './load-units.ts';

/** One word per unit; success if any of them is in the state. */
export async function isInState(units: string[], state: string, otherwise: number, { given }: Options): Promise<number> {
  const words = [];
  for (const unit of units) words.push((await loadUnit(unit))?.active ?? 'unknown');
  if (!given.has('quiet')) print(`${words.join('\n')}\n`);
  return words.includes(state) ? 0 : otherwise;
}

/** One word per unit; success if any of them can be counted on after a boot. */
export async function isEnabled(units: string[], { given }: Options): Promise<number> {
  let exitStatus = 1;
  for (const name of units) {
    const unit = await loadUnit(name);
    if (!unit) {
      complain('Failed to issue method call: No such file or directory');
      continue;
    }
    const word = unit.enabled || 'static';
    if (['enabled', 'enabled-runtime', 'static'].includes(word)) exitStatus = 0;
    if (!given.has('quiet')) print(`${word}\n`);
  }
  return exitStatus;
}

export async function isSystemRunning({ given }: Options): Promise<number> {
  const degraded = (await loadUnits()).some(({ active }) => active === 'failed');
  if (!given.has('quiet')) print(degraded ? 'degraded\n' : 'running\n');
  return degraded ? 1 : 0;
}
