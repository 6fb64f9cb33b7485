// The lab's etcd against the real one: the same requests from the same client, in turn, on the same disk.
import { startRealEtcd } from '#lib/lab/etcd/real-etcd.ts';
import { get, type Load, measureFanOut, measureLoad, put } from './lab-load.ts';
import { median, quantile } from './statistics.ts';
import { round } from './table.ts';

export interface Finding {
  measure: string;
  /** Of the real etcd; undefined where there is nothing to compare with. */
  real?: string;
  ours: string;
  goal: string;
  met: boolean | null;
}

export interface EtcdAmounts {
  rounds: number;
  /** For each load. */
  ms: number;
}

const crowds = [1, 8, 64];
const watchers = 500;
const changes = 10;
/** Keys that the writers use in turn. */
const keys = 1000;

/** @param port of the lab's etcd on 127.0.0.1 */
export async function benchEtcd(port: number, { rounds, ms }: EtcdAmounts): Promise<Finding[]> {
  const real = await startRealEtcd();
  try {
    await real.ready();
    const servers = { real: Number(new URL(real.url).port), ours: port };
    const loads = { real: new Map<string, Load[]>(), ours: new Map<string, Load[]>() };
    const fans: Record<Server, number[]> = { real: [], ours: [] };
    // Both have had time to get into their stride, and something to read.
    for (const each of Object.values(servers)) {
      for (const kind of kinds) await measureLoad({ port: each, connections: 64, ms, request: requests[kind] });
    }
    for (let turn = 1; turn <= rounds; turn += 1) {
      console.error(`etcd: round ${turn} of ${rounds} …`);
      const order: Server[] = turn % 2 === 0 ? ['real', 'ours'] : ['ours', 'real'];
      for (const kind of kinds) {
        for (const connections of crowds) {
          for (const server of order) {
            const load = await measureLoad({ port: servers[server], connections, ms, request: requests[kind] });
            const key = `${kind} ${connections}`;
            loads[server].set(key, [...(loads[server].get(key) ?? []), load]);
          }
        }
      }
      for (const server of order) fans[server].push(...(await measureFanOut(servers[server], watchers, changes)));
    }
    const rows = kinds.flatMap((kind) => crowds.map((connections) => judgeLoad(kind, connections, loads)));
    return [...rows, judgeFans(fans)];
  } finally {
    await real.stop();
  }
}

/**
 * Members sign in at the discovery service, each with a name of its own.
 *
 * @param url of a token: `http://127.0.0.1:8087/<token>`
 */
export async function benchDiscovery(url: string, ms: number): Promise<Finding> {
  const { port, pathname } = new URL(url);
  const request = (n: number) => put(`${pathname}/${(0x1000_0000 + n).toString(16)}?prevExist=false`, `m${n}%3Dhttp://127.0.0.1:2380`);
  await measureLoad({ port: Number(port), connections: 8, ms: ms / 2, request: (n) => request(n + 0x100_0000) });
  const { rate, took } = await measureLoad({ port: Number(port), connections: 8, ms, request });
  return {
    measure: 'discovery: members that sign in, 8 at a time',
    ours: `${round(rate)} /s, p99 ${round(quantile(took, 0.99))} ms`,
    goal: '≥ 500 /s',
    met: rate >= 500,
  };
}

type Server = 'real' | 'ours';
const kinds = ['PUT', 'GET'] as const;
const requests = {
  PUT: (n: number) => put(`/v2/keys/bench/k${n % keys}`, `some-small-value-${n}`),
  GET: (n: number) => get(`/v2/keys/bench/k${n % 64}`),
};

function judgeLoad(kind: string, connections: number, loads: Record<Server, Map<string, Load[]>>): Finding {
  const of = (server: Server) => {
    const samples = loads[server].get(`${kind} ${connections}`) ?? [];
    const tail = median(samples.map(({ took }) => quantile(took, 0.99)));
    return { rate: median(samples.map(({ rate }) => rate)), tail };
  };
  const [real, ours] = [of('real'), of('ours')];
  const show = ({ rate, tail }: { rate: number; tail: number }) => `${round(rate)} /s, p99 ${round(tail)} ms`;
  const ratio = ours.rate / real.rate;
  return {
    measure: `etcd: ${kind}, ${connections} at a time`,
    real: show(real),
    ours: `${show(ours)} (${round(ratio)} ×)`,
    goal: '≥ 1 × etcd',
    met: ratio >= 1,
  };
}

function judgeFans(fans: Record<Server, number[]>): Finding {
  const [real, ours] = [median(fans.real), median(fans.ours)];
  const show = (samples: number[]) => `${round(median(samples))} ms, p99 ${round(quantile(samples, 0.99))} ms`;
  return {
    measure: `etcd: a change until the last of ${watchers} watchers has it`,
    real: show(fans.real),
    ours: `${show(fans.ours)} (${round(ours / real)} ×)`,
    goal: '≤ 1 × etcd, p99 ≤ 200 ms',
    met: ours <= real && quantile(fans.ours, 0.99) <= 200,
  };
}
