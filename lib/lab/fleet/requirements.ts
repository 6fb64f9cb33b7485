// The [X-Fleet] section: where a unit may run.
import type { UnitOption } from '#lib/cluster/fleet-client.ts';
import { isGlobal, valuesOf } from '#lib/cluster/unit-file.ts';
import { matchesGlob } from './glob.ts';
import { partsOfName } from './unit-name.ts';

export interface Requirements {
  /** A machine's ID, whole or its first eight digits. */
  machineId: string | undefined;
  /** All of these units must be on the machine. */
  machineOf: string[];
  /** For each key the values of which one is needed. */
  metadata: Map<string, Set<string>>;
  /** Globs of the units that must not be on the machine. */
  conflicts: string[];
  replaces: string[];
  global: boolean;
}

export function readRequirements(name: string, options: UnitOption[]): Requirements {
  const values = (...keys: string[]) =>
    keys.flatMap((key) => valuesOf(options, 'X-Fleet', key)).map((value) => replaceSpecifiers(name, value).trim());
  const words = (...keys: string[]) => values(...keys).flatMap((value) => value.split(/\s+/).filter((word) => word !== ''));
  return {
    machineId: values('MachineID', 'X-ConditionMachineID', 'X-ConditionMachineBootID')[0],
    machineOf: values('MachineOf', 'X-ConditionMachineOf'),
    metadata: readMetadata(values('MachineMetadata', 'X-ConditionMachineMetadata')),
    conflicts: words('Conflicts', 'X-Conflicts'),
    replaces: words('Replaces'),
    global: isGlobal(options),
  };
}

/** What is wrong with the combination, in fleet's words; undefined when nothing is. */
export function problemOfRequirements(name: string, options: UnitOption[]): string | undefined {
  const { machineId, machineOf, conflicts, replaces, global } = readRequirements(name, options);
  for (const peer of machineOf) {
    for (const [kind, globs] of [['conflict', conflicts] as const, ['replace', replaces] as const]) {
      const glob = globs.find((each) => matchesGlob(each, peer));
      if (glob !== undefined) return `unresolvable requirements: peer ${JSON.stringify(peer)} matches ${kind} ${JSON.stringify(glob)}`;
    }
  }
  const given = { Peers: machineOf.length > 0, Conflicts: conflicts.length > 0, Global: global, Replaces: replaces.length > 0 };
  const clash = (kind: string, others: (keyof typeof given)[]) => {
    const other = others.find((each) => given[each]);
    return other && `${kind} cannot be used with ${other}`;
  };
  return (
    (machineId !== undefined ? clash('MachineID', ['Peers', 'Conflicts', 'Global', 'Replaces']) : undefined) ??
    (global ? clash('Global', ['Peers', 'Replaces']) : undefined) ??
    (given.Conflicts ? clash('Conflicts', ['Replaces']) : undefined)
  );
}

/** `"a=b" "c=d"` or `a=b`; what is no pair is left out. */
function readMetadata(values: string[]): Map<string, Set<string>> {
  const metadata = new Map<string, Set<string>>();
  for (const value of values) {
    const pairs = value.startsWith('"') ? [...value.matchAll(/"([^"]*)"/g)].map(([, pair = '']) => pair) : [value];
    for (const pair of pairs) {
      const at = pair.indexOf('=');
      const [key, wanted] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
      if (at > 0 && wanted !== '') metadata.set(key, (metadata.get(key) ?? new Set()).add(wanted));
    }
  }
  return metadata;
}

function replaceSpecifiers(name: string, value: string): string {
  const { base, prefix, instance = '' } = partsOfName(name);
  const meanings: Record<string, string> = { n: name, N: base, p: prefix, i: instance, '%': '%' };
  return value.replace(/%([nNpi%])/g, (_, letter: string) => meanings[letter]!);
}
