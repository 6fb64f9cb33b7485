/** Does what `coreos.units` asks for, unit by unit; what cannot be done is told with its line and passed over, as coreos-cloudinit does. */
import type { RunningUnitManager } from '../systemd/manager.ts';
import { cloudPlace } from '../systemd/unit-files.ts';
import type { CloudUnit } from './units-section.ts';

/** Starting or re-starting means the same for what the lab itself is: what runs already stays as it is. */
const startCommands = new Set(['start', 'restart', 'reload-or-restart']);

type Manager = Pick<RunningUnitManager, 'load' | 'mask' | 'run' | 'isWanted'>;

/** @param booting what is enabled is started too, as multi-user.target would */
export async function applyUnits(units: CloudUnit[], manager: Manager, log: (line: string) => void, booting: boolean): Promise<void> {
  for (const unit of units) {
    try {
      await applyUnit(unit, manager, log, booting);
    } catch (error) {
      log(`coreos-cloudinit: user-data, line ${unit.line}: ${(error as Error).message}`);
    }
  }
}

async function applyUnit(unit: CloudUnit, manager: Manager, log: (line: string) => void, booting: boolean): Promise<void> {
  const { name, content, command, mask, dropIns, line, enable, runtime } = unit;
  if (content !== null) await manager.load(name, content, cloudPlace(unit));
  else if (dropIns.length > 0)
    log(`coreos-cloudinit: user-data, line ${line}: the drop-ins of ${name} have no effect without its content.`);
  if (mask) manager.mask(name);
  if (command !== null) await manager.run(name, command);
  else if (booting && enable && !runtime && manager.isWanted(name)) await manager.run(name, 'start');
}

/** What a unit that is a part of the lab cannot be made to do. */
export function explainBuiltin({ name, command, content, dropIns, line }: CloudUnit, isSocket: boolean): string[] {
  const without = [
    ...(content !== null && !isSocket ? ['its content has no effect'] : []),
    ...(dropIns.length > 0 ? ['its drop-ins have no effect'] : []),
    ...(command !== null && !startCommands.has(command) && command !== 'try-restart' ? [`it cannot be told to ${command}`] : []),
  ];
  return without.map((text) => `coreos-cloudinit: user-data, line ${line}: ${name} belongs to the lab’s machines: ${text}.`);
}

/** Whether the machine is to run a unit that is a part of the lab. */
export function asksToStart(units: CloudUnit[], name: string): boolean {
  const about = units.filter((unit) => unit.name === name);
  return about.some(({ command }) => command !== null && startCommands.has(command)) && !about.some(({ mask }) => mask);
}
