// Who belongs to a cluster, as its members tell it.
import { createHash } from 'node:crypto';

/** As `/v2/members` shows it. */
export interface Member {
  /** 16 hexadecimal digits. */
  id: string;
  name: string;
  peerURLs: string[];
  /** Where clients reach it from outside the lab; `etcdctl` uses nothing else. */
  clientURLs: string[];
}

export interface Members {
  /** All of them, running or not, by id as etcd lists them. */
  list(): Member[];
  leader(): Leader;
}

export interface Leader {
  id: string;
  since: Date;
}

/** Always the same for the same member: a digest of where the others reach it and of its cluster, as in etcd. */
export function memberIdOf(peerUrl: string, cluster: string): string {
  return createHash('sha1')
    .update(peerUrl)
    .update(cluster)
    .digest('hex')
    .slice(0, 16)
    .replace(/^0+(?=.)/, '');
}

/** A cluster of one. */
export function loneMember(name: string, clientUrl: () => string): Members {
  const peerUrl = 'http://localhost:2380';
  const leader = { id: memberIdOf(peerUrl, name), since: new Date() };
  return {
    list: () => [{ id: leader.id, name, peerURLs: [peerUrl], clientURLs: [clientUrl()] }],
    leader: () => leader,
  };
}
