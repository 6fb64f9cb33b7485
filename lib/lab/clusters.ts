/** The clusters that machines form: one store and one fleet engine each, shared by the machines that joined it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createClosers } from './closers.ts';
import { type Etcd, openEtcd } from './etcd/etcd.ts';

/** What a machine has of its cluster while it runs. */
export interface Membership {
  etcd: Etcd;
  leave(): Promise<void>;
}

export interface Clusters {
  /** `clientUrl` is where the machine's etcd is reached on this computer. */
  join(id: string, member: { name: string; clientUrl: string }): Promise<Membership>;
  /** Deletes the data of a cluster that no machine belongs to any more. */
  forget(id: string): Promise<void>;
  close(): Promise<void>;
}

interface OpenCluster {
  etcd: Etcd;
  clientUrls: Set<string>;
  close(): Promise<void>;
}

/** Replication is not imitated: the machines of a cluster are several doors to one store, kept as long as one of them exists. */
export function createClusters(directory: string): Clusters {
  const open = new Map<string, Promise<OpenCluster>>();
  /** Opening and closing of one store must not overlap. */
  const settled = new Map<string, Promise<unknown>>();

  async function openCluster(id: string, name: string): Promise<OpenCluster> {
    await settled.get(id);
    const closers = createClosers();
    const clientUrls = new Set<string>();
    const etcd = await openEtcd({ directory: join(directory, id), name, clientUrls: () => [...clientUrls] });
    closers.add(() => etcd.close());
    return { etcd, clientUrls, close: () => closers.closeAll() };
  }

  async function closeCluster(id: string, cluster: OpenCluster): Promise<void> {
    open.delete(id);
    const closing = cluster.close();
    settled.set(
      id,
      closing.catch(() => {}),
    );
    await closing;
    settled.delete(id);
  }

  return {
    async join(id, { name, clientUrl }) {
      const opening = open.get(id) ?? openCluster(id, name);
      open.set(id, opening);
      const cluster = await opening.catch((error) => {
        open.delete(id);
        throw error;
      });
      cluster.clientUrls.add(clientUrl);
      return {
        etcd: cluster.etcd,
        async leave() {
          cluster.clientUrls.delete(clientUrl);
          if (cluster.clientUrls.size === 0) await closeCluster(id, cluster);
        },
      };
    },
    async forget(id) {
      await settled.get(id);
      await rm(join(directory, id), { recursive: true, force: true });
    },
    async close() {
      const clusters = await Promise.allSettled([...open].map(async ([id, opening]) => closeCluster(id, await opening)));
      const failed = clusters.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };
}
