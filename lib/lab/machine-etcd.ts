/** etcd on a machine: how it finds its cluster, and where it can be reached. */
import { type AddressBook, openLoopback } from './address-book.ts';
import { createClosers } from './closers.ts';
import type { EtcdConfig } from './cloud-config/service-sections.ts';
import type { Clusters, Membership } from './clusters.ts';
import { joinDiscovery } from './discovery/join.ts';
import { checkDiscoveryUrl } from './discovery-url.ts';
import { listenOnLoopback } from './listen.ts';
import type { MachineFacts } from './machine.ts';

export interface MachineEtcd {
  membership: Membership;
  /** On this computer's loopback address. */
  readonly port: number;
  /** Where its data is, for the next boot. */
  cluster: string;
  /** The machine is suspended: nobody reaches its etcd, and another member leads. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  close(): Promise<void>;
}

export interface EtcdContext {
  machine: MachineFacts;
  /** From 1; the first machine's etcd is on etcd's own port when that is free. */
  number: number;
  clusters: Clusters;
  addressBook: AddressBook;
  /** Base URL of the lab's discovery service. */
  discovery: string;
  /** Aborts when the machine stops. */
  signal: AbortSignal;
  log(line: string): void;
  /** The machine has signed in and waits for others, until there are `size`; it may take for ever. */
  onWaiting(size: number): void;
}

/** The client port of etcd 0.4, and the one that IANA gave etcd later; a machine answers on both. */
const clientPorts = [4001, 2379];

/**
 * @param cluster the cluster that the machine was a member of before, or null
 * @returns resolves when the machine is a member, which may have to wait for the others that its discovery URL expects;
 * rejects with a sentence for the learner
 */
export async function startEtcd(context: EtcdContext, config: EtcdConfig, cluster: string | null): Promise<MachineEtcd> {
  return serve(context, await findCluster(context, config, cluster), config.peerUrl);
}

async function findCluster(context: EtcdContext, { discovery, peerUrl }: EtcdConfig, cluster: string | null): Promise<string> {
  const { machine, log, signal, onWaiting } = context;
  if (cluster !== null) {
    if (discovery) log('discovery token ignored since a cluster has already been initialized.');
    return cluster;
  }
  if (!discovery) return `${machine.name}-${machine.id}`;
  const checked = checkDiscoveryUrl(discovery.url, context.discovery, context.number);
  if (!checked.ok) throw new Error(checked.reason);
  await joinDiscovery({ url: discovery.url, name: machine.name, peerUrl, signal, log, onWaiting });
  return checked.token;
}

async function serve({ machine, number, clusters, addressBook }: EtcdContext, cluster: string, peerUrl: string): Promise<MachineEtcd> {
  const closers = createClosers();
  try {
    let membership: Membership | undefined;
    const listen = (wanted: number) =>
      listenOnLoopback(
        (request, response) => {
          if (membership) membership.handler(request, response);
          else response.destroy();
        },
        wanted,
        (request) => membership?.handler.plain(request),
      );
    const self = () => {
      const clientUrl = `http://127.0.0.1:${server.port}`;
      if (!machine.sandbox) machine.environment.ETCDCTL_ENDPOINT = clientUrl;
      return { name: machine.name, peerUrl, clientUrl };
    };
    // The port comes first: the member's client URL holds it.
    let server = await listen(number === 1 ? clientPorts[0]! : ((await clusters.lastClientPort(cluster, machine.name)) ?? 0));
    const joined = await clusters.join(cluster, self()).catch(async (error) => {
      await server.close();
      throw error;
    });
    closers.add(() => joined.leave());
    // Closed before the store is: no request may reach one that is gone.
    closers.add(() => server.close());
    membership = joined;
    // Members tell their clients of each other by this URL, so it has to mean the same in every machine.
    closers.add(addressBook.enter('127.0.0.1', server.port, () => openLoopback(server.port)));
    for (const port of clientPorts) closers.add(addressBook.enter(machine.address, port, () => openLoopback(server.port)));
    return {
      ...{ membership: joined, cluster },
      get port() {
        return server.port;
      },
      async pause() {
        await server.close();
        joined.pause();
      },
      async resume() {
        server = await listen(server.port);
        await joined.resume(self());
      },
      close: () => closers.closeAll(),
    };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}
