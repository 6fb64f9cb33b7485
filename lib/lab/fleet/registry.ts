// fleet's part of etcd: machines, units and their states, in the keys that every fleetctl knows.
import type { UnitOption } from '#lib/cluster/fleet-client.ts';
import { unitHash, unitText } from '#lib/cluster/unit-file.ts';
import type { KeyStore } from '../etcd/key-store.ts';
import type { NodeView } from '../etcd/wire.ts';
import { baseName, childIn, fleetPrefix, readNode, valueIn } from './fleet-keys.ts';
import { type Job, type JobIndex, jobIndexOf } from './job-index.ts';
import {
  decodeMachine,
  decodeState,
  encodeJob,
  encodeMachine,
  encodeState,
  type Machine,
  parseObject,
  type TargetState,
  type UnitState,
} from './registry-values.ts';

/** fleet's own `agent_ttl`, in seconds. */
const defaultTtl = 30;

export class Registry {
  readonly store: KeyStore;
  /** Machines, launched units and states that were written through this object vanish unless they are renewed within it; seconds. */
  readonly ttl: number;
  #jobs: JobIndex;

  constructor(store: KeyStore, ttl: number = defaultTtl) {
    this.store = store;
    this.ttl = ttl;
    this.#jobs = jobIndexOf(store);
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
    return this.#jobs.all();
  }

  job(name: string): Job | undefined {
    return this.#jobs.find(name);
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

  /** The machine says that it has launched the unit; to be renewed within `ttl`. */
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

  /** To be renewed within `ttl`. */
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

  /** A value that is as it was only gets a new lifetime, which no watcher is told. */
  #renew(key: string, value: string, ttl = this.ttl): void {
    const path = `${fleetPrefix}/${key}`;
    const expires = this.store.after(ttl);
    if (this.#get(key)?.value === value) this.store.update(path, { expires, refresh: true });
    else this.store.set(path, { value, expires });
  }

  #remove(key: string): void {
    if (this.#get(key)) this.store.delete(`${fleetPrefix}/${key}`, { recursive: true });
  }

  #get(key: string): NodeView | undefined {
    return readNode(this.store, key);
  }

  #list(key: string): NodeView[] {
    return this.#get(key)?.nodes ?? [];
  }
}
