// The units in a store, parsed. Engine and agents look at all of them after every change, so only what changed is read anew.
import type { UnitOption } from '#lib/cluster/fleet-client.ts';
import { parseUnitFile } from '#lib/cluster/unit-file.ts';
import type { KeyStore } from '../etcd/key-store.ts';
import type { NodeView } from '../etcd/wire.ts';
import { baseName, concerns, fleetPrefix, readNode, valueIn } from './fleet-keys.ts';
import { decodeJobHash, parseObject, readTargetState, type TargetState } from './registry-values.ts';
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

/** How many parsed texts are kept. */
const mostParsed = 1000;

const indexes = new WeakMap<KeyStore, JobIndex>();

/** One for each store, however many machines look at it and however often they boot. */
export function jobIndexOf(store: KeyStore): JobIndex {
  const index = indexes.get(store) ?? new JobIndex(store);
  indexes.set(store, index);
  return index;
}

export class JobIndex {
  #store: KeyStore;
  /** Sorted by name; undefined when it must be read anew, except for the names in `#changed`. */
  #jobs: Job[] | undefined;
  #changed = new Set<string>();
  /** Names whose text is not there (yet). */
  #incomplete = new Set<string>();
  /** By text. */
  #parsed = new Map<string, UnitOption[]>();
  #requirements = new WeakMap<UnitOption[], Map<string, Requirements>>();

  constructor(store: KeyStore) {
    this.#store = store;
    store.watch(fleetPrefix, { recursive: true, stream: true }, ({ node, prevNode }) => {
      const [, part, name] = /^(job|unit)\/([^/]+)/.exec(node.key.slice(fleetPrefix.length + 1)) ?? [];
      if (part === 'job' && name !== undefined) this.#changed.add(name);
      else if (part === 'unit' && !prevNode) for (const each of this.#incomplete) this.#changed.add(each);
      else if (concerns(node.key, 'job') || concerns(node.key, 'unit')) this.#jobs = undefined;
    });
  }

  /** Sorted by name. A unit whose text is missing or unreadable is left out. */
  all(): readonly Job[] {
    const changed = this.#changed;
    if (this.#jobs && changed.size === 0) return this.#jobs;
    const jobs = this.#jobs
      ? [...this.#jobs.filter(({ name }) => !changed.has(name)), ...[...changed].flatMap((name) => this.find(name) ?? [])]
      : (readNode(this.#store, 'job')?.nodes ?? []).flatMap((node) => this.#read(node) ?? []);
    changed.clear();
    this.#jobs = jobs.sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.#jobs;
  }

  find(name: string): Job | undefined {
    const node = readNode(this.#store, `job/${name}`);
    if (!node) this.#incomplete.delete(name);
    return node && this.#read(node);
  }

  #read(node: NodeView): Job | undefined {
    const name = baseName(node.key);
    const hash = decodeJobHash(valueIn(node, 'object'));
    const options = hash === undefined ? undefined : this.#readText(hash);
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

  #readText(hash: string): UnitOption[] | undefined {
    const raw = parseObject(readNode(this.#store, `unit/${hash}`)?.value).Raw;
    if (typeof raw !== 'string') return undefined;
    try {
      const options = this.#parsed.get(raw) ?? parseUnitFile(raw);
      if (this.#parsed.size >= mostParsed) this.#parsed.clear();
      this.#parsed.set(raw, options);
      return options;
    } catch {
      return undefined; // written by hand; fleet skips it as well
    }
  }

  #requirementsOf(name: string, options: UnitOption[]): Requirements {
    const known = this.#requirements.get(options) ?? new Map<string, Requirements>();
    this.#requirements.set(options, known);
    const requirements = known.get(name) ?? readRequirements(name, options);
    known.set(name, requirements);
    return requirements;
  }
}
