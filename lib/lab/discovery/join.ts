// What etcd does at its first boot with a discovery URL: registers, then waits until the cluster has its size.
import { createHash } from 'node:crypto';
import { DiscoveryError, type DiscoveryFailure } from './discovery-error.ts';
import { askRegistry, NotJson, type RegistryAnswer, type RegistryNode, Unreachable } from './registry-client.ts';

export interface JoinOptions {
  /** `http://127.0.0.1:8087/<token>`; a plain etcd's keys URL does as well. */
  url: string;
  /** The member's name; unique in the cluster. */
  name: string;
  /** Where the other members would reach this one. */
  peerUrl: string;
  /** Ends the waiting, which may otherwise be for ever. */
  signal?: AbortSignal | undefined;
  /** Takes the lines that etcd writes to its log. */
  log?: ((line: string) => void) | undefined;
  /** Called once if others are still missing; `size` is how many members the cluster is to have. */
  onWaiting?: ((size: number) => void) | undefined;
}

export interface DiscoveredMember {
  name: string;
  peerUrls: string[];
}

interface Seen {
  nodes: RegistryNode[];
  size: number;
  index: number;
}

/** How long to wait before asking a service again that went away while we waited for others. */
const retryMs = 2000;

/**
 * Resolves with the members in the order in which they registered. Rejects with `DiscoveryError`, or with the signal's
 * reason.
 */
export async function joinDiscovery(options: JoinOptions): Promise<{ members: DiscoveredMember[] }> {
  const { name, peerUrl, signal, log = () => {}, onWaiting = () => {} } = options;
  const url = options.url.replace(/\/+$/, '');
  const id = memberId(peerUrl, url);
  const explain = (error: unknown) => (error instanceof DiscoveryError || signal?.aborted ? error : asFailure(error, url));
  try {
    await look(url, id, signal); // a full cluster is not bothered
    await register(url, id, name, peerUrl, signal);
    let seen = await look(url, id, signal);
    const logged = new Set<string>();
    for (let waiting = false; ; waiting = true) {
      for (const { key = '' } of seen.nodes.slice(0, seen.size)) {
        const each = baseName(key);
        if (!logged.has(each)) log(`discovery: found ${each === id ? 'self' : 'peer'} ${each} in the cluster`);
        logged.add(each);
      }
      const missing = seen.size - seen.nodes.length;
      if (missing <= 0) break;
      log(`discovery: found ${seen.nodes.length} peer(s), waiting for ${missing} more`);
      if (!waiting) onWaiting(seen.size);
      seen = await lookAgain(url, id, seen, signal, log);
    }
    log(`discovery: found ${seen.size} needed peer(s)`);
    return { members: readMembers(seen, url) };
  } catch (error) {
    throw explain(error);
  }
}

/** Lower-case hexadecimal digits without leading zeros. */
export function memberId(peerUrl: string, token: string): string {
  const digest = createHash('sha1').update(peerUrl).update(token).digest();
  return digest.readBigUInt64BE().toString(16);
}

async function look(url: string, id: string, signal?: AbortSignal): Promise<Seen> {
  const size = Number(nodeOf(await askRegistry('GET', `${url}/_config/size`, { signal })).value);
  if (!Number.isInteger(size) || size < 1) throw new DiscoveryError('bad-size', failure('discovery: size key is bad', url));
  const answer = await askRegistry('GET', url, { signal });
  const nodes = (nodeOf(answer).nodes ?? [])
    .filter(({ key = '' }) => baseName(key) !== '_config')
    .sort((a, b) => (a.createdIndex ?? 0) - (b.createdIndex ?? 0));
  const position = nodes.findIndex(({ key = '' }) => baseName(key) === id);
  if (position < 0 ? nodes.length >= size : position >= size) {
    throw new DiscoveryError('full', failure('discovery: cluster is full', url));
  }
  return { nodes: nodes.slice(0, size), size, index: answer.index };
}

async function register(url: string, id: string, name: string, peerUrl: string, signal?: AbortSignal): Promise<void> {
  const value = peerUrl
    .split(',')
    .map((each) => `${name}=${each}`)
    .join(',');
  const answer = await askRegistry('PUT', `${url}/${id}?prevExist=false`, { form: { value }, signal });
  if (answer.errorCode === 105) {
    throw new DiscoveryError(
      'previously-registered',
      [
        `member "${name}" has previously registered with discovery service token (${url}).`,
        'But etcd could not find valid cluster configuration in the given data dir.',
        'Please check the given data dir path if the previous bootstrap succeeded',
        'or use a new discovery token if the previous bootstrap failed.',
      ].join('\n'),
    );
  }
  const { createdIndex = 0 } = nodeOf(answer);
  // The service may have several servers: this one must know us before we go on.
  nodeOf(await askRegistry('GET', `${url}/${id}?recursive=false&wait=true&waitIndex=${createdIndex}`, { signal }));
}

/** Waits for a change of the token, then looks at all of it: a member that was removed meanwhile does not count. */
async function lookAgain(url: string, id: string, seen: Seen, signal: AbortSignal | undefined, log: (line: string) => void): Promise<Seen> {
  for (;;) {
    try {
      const watch = `${url}?recursive=true&wait=true&waitIndex=${seen.index + 1}`;
      const answer = await askRegistry('GET', watch, { signal, patient: true });
      if (answer.errorCode !== 401) nodeOf(answer); // 401: so much has happened since that it is forgotten
      return await look(url, id, signal);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      log(`discovery: waiting for other nodes: error connecting to ${url}, retrying in ${retryMs / 1000}s`);
      await pause(retryMs, signal);
    }
  }
}

function readMembers({ nodes }: Seen, url: string): DiscoveredMember[] {
  const members = new Map<string, string[]>();
  for (const { value = '' } of nodes) {
    const pairs = value.split(',').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const);
    const name = pairs[0]![0];
    if (members.has(name)) {
      const advice = [
        `member with duplicated name has registered with discovery service token(${url}).`,
        'please check (cURL) the discovery token for more information.',
        'please do not reuse the discovery token and generate a new one to bootstrap the cluster.',
      ];
      throw new DiscoveryError('duplicated-name', advice.join('\n'));
    }
    members.set(
      name,
      pairs.map(([, peer]) => peer),
    );
  }
  return [...members].map(([name, peerUrls]) => ({ name, peerUrls }));
}

function nodeOf({ node, errorCode, message, cause, index }: RegistryAnswer): RegistryNode {
  if (node) return node;
  throw new RefusedByRegistry(errorCode ?? 0, `${errorCode}: ${message} (${cause ?? ''}) [${index}]`);
}

class RefusedByRegistry extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

function asFailure(error: unknown, url: string): DiscoveryError {
  const [reason, message]: [DiscoveryFailure, string] =
    error instanceof NotJson
      ? ['bad-endpoint', failure('discovery: bad discovery endpoint', url)]
      : error instanceof Unreachable
        ? ['unreachable', `cluster status check: error connecting to ${url}: ${error.message}`]
        : error instanceof RefusedByRegistry && error.code === 100
          ? ['unknown-token', failure(error.message, url)]
          : ['bad-endpoint', failure(error instanceof Error ? error.message : String(error), url)];
  return new DiscoveryError(reason, message, { cause: error });
}

function failure(reason: string, url: string): string {
  return [
    `failed to join discovery cluster (${reason})`,
    `discovery token ${url} was used, but failed to bootstrap the cluster.`,
    'please generate a new discovery token and try to bootstrap again.',
  ].join('\n');
}

function baseName(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
