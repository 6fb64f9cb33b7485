/** The clusters that machines form: one store and one fleet engine each, shared by the machines that joined it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createClosers } from './closers.ts';
import { type ClusterMembers, lastClientPort, openClusterMembers } from './cluster-members.ts';
import { type Etcd, openEtcd } from './etcd/etcd.ts';

/** What a machine has of its cluster while it runs. */
export interface Membership {
  etcd: Etcd;
  /** The etcd API as this member answers it. */
  handler: ReturnType<Etcd['handlerOf']>;
  /** Down until `resume`, which says where it is reached then; the store stays open. */
  pause(): void;
  resume(member: MemberAddress): Promise<void>;
  leave(): Promise<void>;
}

/** `clientUrl` is where the machine's etcd is reached on this computer, `peerUrl` where the other members would reach it. */
export interface MemberAddress {
  name: string;
  peerUrl: string;
  clientUrl: string;
}

export interface Clusters {
  join(id: string, member: MemberAddress): Promise<Membership>;
  /** The port of the machine's last `clientUrl`, for whoever has noted it; null when there was none. */
  lastClientPort(id: string, name: string): Promise<number | null>;
  /** The machine will never come back. */
  remove(id: string, name: string): Promise<void>;
  /** Deletes the data of a cluster that no machine belongs to any more. */
  forget(id: string): Promise<void>;
  close(): Promise<void>;
}

interface OpenCluster {
  etcd: Etcd;
  members: ClusterMembers;
  /** The machines that use the store, those that are paused included. */
  users: Set<string>;
  close(): Promise<void>;
}

/** Replication is not imitated: the machines of a cluster are several doors to one store, kept as long as one of them exists. */
export function createClusters(directory: string): Clusters {
  const open = new Map<string, Promise<OpenCluster>>();
  /** Opening and closing of one store must not overlap. */
  const settled = new Map<string, Promise<unknown>>();

  async function openCluster(id: string): Promise<OpenCluster> {
    await settled.get(id);
    const closers = createClosers();
    const members = await openClusterMembers(join(directory, id), id);
    const etcd = await openEtcd({ directory: join(directory, id), members });
    closers.add(() => etcd.close());
    return { etcd, members, users: new Set(), close: () => closers.closeAll() };
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
    async join(id, member) {
      const opening = open.get(id) ?? openCluster(id);
      open.set(id, opening);
      const cluster = await opening.catch((error) => {
        open.delete(id);
        throw error;
      });
      cluster.users.add(member.name);
      const memberId = await cluster.members.arrive(member);
      return {
        etcd: cluster.etcd,
        handler: cluster.etcd.handlerOf(memberId),
        async leave() {
          cluster.members.leave(member.name);
          cluster.users.delete(member.name);
          if (cluster.users.size === 0) await closeCluster(id, cluster);
        },
        pause: () => cluster.members.leave(member.name),
        async resume(now) {
          await cluster.members.arrive(now);
        },
      };
    },
    lastClientPort: (id, name) => lastClientPort(join(directory, id), name),
    async remove(id, name) {
      await settled.get(id);
      const members = open.has(id) ? (await open.get(id)!).members : await openClusterMembers(join(directory, id), id);
      await members.remove(name);
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
