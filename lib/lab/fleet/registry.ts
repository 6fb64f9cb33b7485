// fleet's part of etcd: machines, units and their states, in the keys that every fleetctl knows.
import type { UnitOption } from '#lib/cluster/fleet-client.ts';
import { parseUnitFile, unitHash, unitText } from '#lib/cluster/unit-file.ts';
import type { KeyStore } from '../etcd/key-store.ts';
import { EtcdError, type NodeView } from '../etcd/wire.ts';
import {
  decodeJobHash,
  decodeMachine,
  decodeState,
  encodeJob,
  encodeMachine,
  encodeState,
  type Machine,
  parseObject,
  readTargetState,
  type TargetState,
  type UnitState,
} from './registry-values.ts';
import { type Requirements, readRequirements } from './requirements.ts';

/** A unit as it stands in the registry. */
export interface Job {
  name: string;
  /** 40 hexadecimal digits. */
  hash: string;
  options: UnitOption[];
  requirements: Requirements;
  targetState: TargetState;
  /** The machine that the engine chose. */
  target: string | undefined;
  /** The machine that says it has launched the unit. */
  launchedOn: string | undefined;
}

/** Hidden from listings, as its name begins with `_`. */
export const fleetPrefix = '/_coreos.com/fleet';
/** Machines, launched units and states vanish unless they are renewed within this; seconds. */
export const agentTtl = 30;

/** How many parsed unit texts are kept. */
const mostParsed = 1000;

export class Registry {
  readonly store: KeyStore;
  /** Parsed texts; they never change, as their hash is their key. */
  #units = new Map<string, UnitOption[]>();
  #requirements = new WeakMap<UnitOption[], Map<string, Requirements>>();
  /** Sorted by name; undefined when it must be read anew, except for the names in `#changed`. */
  #jobs: Job[] | undefined;
  #changed = new Set<string>();
  /** Names whose text is not there (yet). */
  #incomplete = new Set<string>();

  constructor(store: KeyStore) {
    this.store = store;
    // Engine and agents look at all jobs after every change, so only what changed is read anew.
    store.watch(fleetPrefix, { recursive: true, stream: true }, ({ node, prevNode }) => {
      const [, part, name] = /^(job|unit)\/([^/]+)/.exec(node.key.slice(fleetPrefix.length + 1)) ?? [];
      if (part === 'job' && name !== undefined) this.#changed.add(name);
      else if (part === 'unit' && !prevNode) for (const each of this.#incomplete) this.#changed.add(each);
      else if (concerns(node.key, 'job') || concerns(node.key, 'unit')) this.#jobs = undefined;
    });
  }

  /** Sorted by ID. */
  machines(): Machine[] {
    return this.#list('machines').flatMap((node) => {
      const machine = decodeMachine(valueIn(node, 'object'));
      if (!machine) return [];
      const metadata = { ...machine.metadata };
      for (const { key, value = '' } of childIn(node, 'metadata')?.nodes ?? []) {
        if (value === '') delete metadata[baseName(key)];
        else metadata[baseName(key)] = value;
      }
      return [{ ...machine, metadata }];
    });
  }

  /** Signs the machine in, or renews it. */
  setMachine(machine: Machine): void {
    this.#renew(`machines/${machine.id}/object`, encodeMachine(machine));
  }

  removeMachine(id: string): void {
    this.#remove(`machines/${id}`);
  }

  /** '' removes a key that the machine's own configuration has. */
  setMachineMetadata(id: string, key: string, value: string): void {
    this.store.set(`${fleetPrefix}/machines/${id}/metadata/${key}`, { value });
  }

  /** Sorted by name. A unit whose text is missing or unreadable is left out. */
  jobs(): readonly Job[] {
    const changed = this.#changed;
    if (this.#jobs && changed.size === 0) return this.#jobs;
    const jobs = this.#jobs
      ? [...this.#jobs.filter(({ name }) => !changed.has(name)), ...[...changed].flatMap((name) => this.job(name) ?? [])]
      : this.#list('job').flatMap((node) => this.#readJob(node) ?? []);
    changed.clear();
    this.#jobs = jobs.sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.#jobs;
  }

  job(name: string): Job | undefined {
    const node = this.#get(`job/${name}`);
    return node && this.#readJob(node);
  }

  /** Adds the unit, or replaces its text and target state. */
  createUnit(name: string, options: UnitOption[], targetState: TargetState): void {
    const hash = unitHash(options);
    if (!this.#get(`unit/${hash}`)) {
      this.store.set(`${fleetPrefix}/unit/${hash}`, { value: JSON.stringify({ Raw: unitText(options) }) });
    }
    this.store.set(`${fleetPrefix}/job/${name}/object`, { value: encodeJob(name, hash) });
    this.setTargetState(name, targetState);
  }

  setTargetState(name: string, state: TargetState): void {
    this.store.set(`${fleetPrefix}/job/${name}/target-state`, { value: state });
  }

  /** Its agent then stops it and removes its state. */
  destroyUnit(name: string): void {
    this.#remove(`job/${name}`);
  }

  schedule(name: string, machineId: string): void {
    this.store.set(`${fleetPrefix}/job/${name}/target`, { value: machineId });
  }

  unschedule(name: string): void {
    this.#remove(`job/${name}/target`);
  }

  /** The machine says that it has launched the unit; to be renewed within `agentTtl`. */
  setLaunched(name: string, machineId: string): void {
    // A unit that is being destroyed must not come back as a key without an object.
    if (this.#get(`job/${name}/object`)) this.#renew(`job/${name}/job-state`, machineId);
  }

  clearLaunched(name: string, machineId: string): void {
    if (this.#get(`job/${name}/job-state`)?.value === machineId) this.#remove(`job/${name}/job-state`);
  }

  /** Sorted by unit, then by machine. */
  states(): UnitState[] {
    return this.#list('states').flatMap((unit) =>
      (unit.nodes ?? []).map(({ key, value }) => decodeState(baseName(unit.key), baseName(key), value)),
    );
  }

  statesOf(name: string): UnitState[] {
    return (this.#get(`states/${name}`)?.nodes ?? []).map(({ key, value }) => decodeState(name, baseName(key), value));
  }

  /** To be renewed within `agentTtl`. */
  setState(state: UnitState): void {
    const value = encodeState(state);
    this.#renew(`states/${state.name}/${state.machineID}`, value);
    this.#renew(`state/${state.name}`, value); // where fleetctl until 0.9 looks
  }

  removeState(name: string, machineId: string): void {
    this.#remove(`states/${name}/${machineId}`);
    if (this.#get(`states/${name}`)?.nodes?.length === 0) this.#remove(`states/${name}`);
    const legacy = parseObject(this.#get(`state/${name}`)?.value).machineState as { ID?: unknown } | undefined;
    if (legacy?.ID === machineId) this.#remove(`state/${name}`);
  }

  /** Takes or renews the lead among the engines; true when this machine has it. */
  lead(machineId: string, ttl: number): boolean {
    const key = 'lease/engine-leader';
    const leader = parseObject(this.#get(key)?.value).MachineID;
    if (typeof leader === 'string' && leader !== machineId) return false;
    this.#renew(key, JSON.stringify({ MachineID: machineId, Version: 1 }), ttl);
    if (!this.#get('engine/version')) this.store.set(`${fleetPrefix}/engine/version`, { value: '1' });
    return true;
  }

  resign(machineId: string): void {
    if (parseObject(this.#get('lease/engine-leader')?.value).MachineID === machineId) this.#remove('lease/engine-leader');
  }

  #readJob(node: NodeView): Job | undefined {
    const name = baseName(node.key);
    const hash = decodeJobHash(valueIn(node, 'object'));
    const options = hash === undefined ? undefined : this.#readUnit(hash);
    if (hash === undefined || !options) {
      this.#incomplete.add(name);
      return undefined;
    }
    this.#incomplete.delete(name);
    return {
      ...{ name, hash, options, requirements: this.#requirementsOf(name, options) },
      targetState: readTargetState(valueIn(node, 'target-state')),
      target: valueIn(node, 'target') || undefined,
      launchedOn: valueIn(node, 'job-state') || undefined,
    };
  }

  #requirementsOf(name: string, options: UnitOption[]): Requirements {
    const known = this.#requirements.get(options) ?? new Map<string, Requirements>();
    this.#requirements.set(options, known);
    const requirements = known.get(name) ?? readRequirements(name, options);
    known.set(name, requirements);
    return requirements;
  }

  #readUnit(hash: string): UnitOption[] | undefined {
    const raw = parseObject(this.#get(`unit/${hash}`)?.value).Raw;
    if (typeof raw !== 'string') return undefined;
    try {
      const options = this.#units.get(raw) ?? parseUnitFile(raw);
      if (this.#units.size >= mostParsed) this.#units.clear();
      this.#units.set(raw, options);
      return options;
    } catch {
      return undefined; // written by hand; fleet skips it as well
    }
  }

  /** A value that is as it was only gets a new lifetime, which no watcher is told. */
  #renew(key: string, value: string, ttl = agentTtl): void {
    const path = `${fleetPrefix}/${key}`;
    const expires = this.store.after(ttl);
    if (this.#get(key)?.value === value) this.store.update(path, { expires, refresh: true });
    else this.store.set(path, { value, expires });
  }

  #remove(key: string): void {
    if (this.#get(key)) this.store.delete(`${fleetPrefix}/${key}`, { recursive: true });
  }

  #get(key: string): NodeView | undefined {
    try {
      return this.store.get(`${fleetPrefix}/${key}`, { recursive: true, sorted: true }).node;
    } catch (error) {
      if (error instanceof EtcdError) return undefined;
      throw error;
    }
  }

  #list(key: string): NodeView[] {
    return this.#get(key)?.nodes ?? [];
  }
}

/** Whether a change of this key changes something in that part of the registry; the key may lie above it. */
export function concerns(key: string, part: string): boolean {
  const place = `${fleetPrefix}/${part}`;
  return key === place || key.startsWith(`${place}/`) || place.startsWith(`${key}/`);
}

function childIn({ nodes = [], key }: NodeView, name: string): NodeView | undefined {
  return nodes.find((node) => node.key === `${key}/${name}`);
}

function valueIn(node: NodeView, name: string): string | undefined {
  return childIn(node, name)?.value;
}

function baseName(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
