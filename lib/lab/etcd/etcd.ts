// One etcd: a store that is kept on disk and the handler that serves it.
import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { type Clock, systemClock } from './clock.ts';
import { etcdHandler } from './http.ts';
import { KeyStore } from './key-store.ts';
import type { Members } from './members.ts';
import { plainKeysHandler } from './plain-keys.ts';
import type { PlainHandler } from './plain-requests.ts';
import { StoreLog } from './store-log.ts';
import { recover } from './store-recovery.ts';

export interface Etcd {
  store: KeyStore;
  /** What a member answers, from now on, on any number of HTTP servers. */
  handlerOf(memberId: string): RequestListener & { plain: PlainHandler };
  /** What was found damaged at the start, in sentences for people. */
  notices: string[];
  /** Resolves when every change until now is on disk. */
  durable(): Promise<void>;
  /** Writes what is left; the HTTP servers must be closed before. */
  close(): Promise<void>;
}

export interface EtcdOptions {
  /** Holds the log and the snapshot; made if it is missing. One process at a time. */
  directory: string;
  members: Members;
  clock?: Clock;
}

/** etcd looks for expired keys twice a second. */
const expiryMs = 500;

export async function openEtcd({ directory, members, clock = systemClock() }: EtcdOptions): Promise<Etcd> {
  const recovered = recover(directory);
  const { snapshot, events, notices } = recovered;
  const clusterId = snapshot?.clusterId ?? randomBytes(8).toString('hex');
  const log = new StoreLog(directory, clusterId, recovered);
  const store = new KeyStore(clock, (event) => log.append(event));
  if (snapshot) store.restore(snapshot.state);
  for (const event of events) store.replay(event);
  await log.open(store, snapshot !== undefined);
  const timer = setInterval(() => store.hasExpiringKeys && store.expire(), expiryMs).unref();
  const unsaved = () => log.unsaved();
  const raft = { index: store.index + 1, term: 2 };
  return {
    ...{ store, notices },
    durable: async () => unsaved(),
    handlerOf(memberId) {
      const service = { store, members, memberId, clusterId, startTime: new Date(), unsaved, raft };
      return Object.assign(etcdHandler(service), { plain: plainKeysHandler(service) });
    },
    async close() {
      clearInterval(timer);
      await log.close();
    },
  };
}
