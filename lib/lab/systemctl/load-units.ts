// Units as the machine's systemd describes them.
import { ask } from '#lib/lab/systemd/client.ts';
import type { UnitStatus } from '#lib/lab/systemd/unit-status.ts';

/** Null when there is no such unit. */
export async function loadUnit(name: string): Promise<UnitStatus | null> {
  const { status: found, body } = await ask('GET', `/units/${encodeURIComponent(name)}`);
  return found === 200 ? (body as UnitStatus) : null;
}

export async function loadUnits(): Promise<UnitStatus[]> {
  const { body } = await ask('GET', '/units');
  return body as UnitStatus[];
}
