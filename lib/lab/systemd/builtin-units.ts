// What belongs to a machine itself, in place of unit files: its services and the targets that it has reached.
import type { UnitStatus } from './unit-status.ts';

export interface BuiltinUnit {
  name: string;
  description: string;
  /** Left out when it always runs. */
  isActive?(): boolean;
}

/** Targets that a machine has reached once it runs; units may require them or be ordered after them. */
export const reachedTargets: BuiltinUnit[] = [
  { name: 'sysinit.target', description: 'System Initialization' },
  { name: 'local-fs.target', description: 'Local File Systems' },
  { name: 'basic.target', description: 'Basic System' },
  { name: 'network.target', description: 'Network' },
  { name: 'network-online.target', description: 'Network is Online' },
  { name: 'multi-user.target', description: 'Multi-User System' },
];

export function builtinStatus({ name, description, isActive = () => true }: BuiltinUnit, since: number): UnitStatus {
  const active = isActive();
  const running = name.endsWith('.target') ? 'active' : 'running';
  return {
    ...emptyStatus(name),
    active: active ? 'active' : 'inactive',
    sub: active ? running : 'dead',
    description,
    since: active ? since : null,
  };
}

export function maskedStatus(name: string): UnitStatus {
  return { ...emptyStatus(name), load: 'masked', enabled: 'masked' };
}

function emptyStatus(name: string): UnitStatus {
  return {
    ...{ name, load: 'loaded', active: 'inactive', sub: 'dead', description: name, path: null, enabled: '', text: '' },
    ...{
      dropIns: [],
      documentation: [],
      times: {},
      declared: [],
      failedCheck: null,
      loadError: null,
      result: 'success',
      since: null,
      restarts: 0,
    },
    ...{ main: null, control: null, finished: [], processes: [] },
  };
}
