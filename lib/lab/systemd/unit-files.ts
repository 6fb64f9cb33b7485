// Where a machine keeps its unit files: fleet's in /run, cloud-config's in /etc, each with the drop-ins that belong to it.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UnitSource } from './unit.ts';

/** Where a unit file goes, and what `systemctl is-enabled` says of it there. */
export interface UnitPlace {
  /** Inside the machine. */
  directory: string;
  enabled: UnitSource['enabled'];
  dropIns: { name: string; content: string }[];
}

/** fleet links its units, and enables those that can be enabled. */
export const fleetPlace: UnitPlace = {
  directory: '/run/fleet/units',
  enabled: { installable: 'enabled-runtime', otherwise: 'linked-runtime' },
  dropIns: [],
};

export function cloudPlace(unit: { runtime: boolean; enable: boolean; dropIns: UnitPlace['dropIns'] }): UnitPlace {
  const installable = unit.enable ? `enabled${unit.runtime ? '-runtime' : ''}` : 'disabled';
  return {
    directory: unit.runtime ? '/run/systemd/system' : '/etc/systemd/system',
    enabled: { installable, otherwise: 'static' },
    dropIns: [...unit.dropIns].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** @param root the machine's directory on this computer */
export function writeUnitFiles(root: string, name: string, text: string, { directory, enabled, dropIns }: UnitPlace): UnitSource {
  const path = `${directory}/${name}`;
  mkdirSync(join(root, directory), { recursive: true });
  writeFileSync(join(root, path), text);
  rmSync(join(root, `${path}.d`), { recursive: true, force: true });
  if (dropIns.length > 0) mkdirSync(join(root, `${path}.d`));
  const added = dropIns.map((dropIn) => ({ path: `${path}.d/${dropIn.name}`, text: dropIn.content }));
  for (const file of added) writeFileSync(join(root, file.path), file.text);
  return { path, text, dropIns: added, enabled };
}

export function removeUnitFiles(root: string, { path }: UnitSource): void {
  rmSync(join(root, path), { force: true });
  rmSync(join(root, `${path}.d`), { recursive: true, force: true });
}

/** /run is empty after a boot. */
export function clearRuntimeUnits(root: string): void {
  for (const directory of [fleetPlace.directory, '/run/systemd/system']) rmSync(join(root, directory), { recursive: true, force: true });
}
