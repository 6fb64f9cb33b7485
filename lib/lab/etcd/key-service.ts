// What the two ways to the keys over HTTP share: who serves them, how a request is carried out, what a refusal looks like.
import type { EtcdIdentity } from './http-other.ts';
import { applyKeyRequest, type KeyRequest } from './key-request.ts';
import { EtcdError, encodeBareEvent, encodeEvent, type KeyEvent } from './wire.ts';

export interface KeyService extends EtcdIdentity {
  /** Settles when everything that was written until now is on disk, or the disk has refused it; undefined when nothing is missing. */
  unsaved(): Promise<void> | undefined;
  /** `index` grows with every attempt to write. */
  raft: { index: number; term: number };
}

export interface KeyAnswer {
  status: number;
  /** `X-Etcd-Index`. */
  index: number;
  body: string;
  /** A failure of the disk is the client's as well; who only read gets his answer all the same. */
  writes: boolean;
}

/** Every answer has them. */
export const commonHeaders = [
  ['Access-Control-Allow-Headers', 'accept, content-type, authorization'],
  ['Access-Control-Allow-Methods', 'POST, GET, OPTIONS, PUT, DELETE'],
  ['Access-Control-Allow-Origin', '*'],
] as const;

/** A watcher that reads slower than this is cut off, as etcd does after 100 missed events. */
export const mostUnreadBytes = 1024 * 1024;
/** Deeper keys would overflow the stack of those who walk the tree; real ones have five parts. */
const deepestKey = 512;

/** Everything but a watch. Throws `EtcdError`. */
export function carryOut(service: KeyService, keyRequest: KeyRequest): KeyAnswer {
  const { method, quorum, noValueOnSuccess } = keyRequest;
  const writes = method !== 'HEAD' && method !== 'GET';
  // A quorum read goes through the log like a write.
  if (writes || (method === 'GET' && quorum)) service.raft.index++;
  const event = applyKeyRequest(service.store, keyRequest);
  const isBare = noValueOnSuccess && ['set', 'compareAndSwap', 'create', 'update'].includes(event.action);
  const body = isBare ? encodeBareEvent(event) : encodeEvent(event);
  return { status: isNew(event) ? 201 : 200, index: service.store.index, body, writes };
}

/** A quorum read never waits, whatever it says. */
export function isWatch({ method, wait, quorum }: KeyRequest): boolean {
  return method === 'GET' && wait && !quorum;
}

/** Tells of events as soon as they are on disk: what a watcher has seen, a crash does not undo. Throws `EtcdError`. */
export function watchKeys(service: KeyService, { path, recursive, stream, waitIndex }: KeyRequest, tell: (body: string) => void) {
  return service.store.watch(path, { recursive, stream, since: waitIndex }, (event) => {
    const body = encodeEvent(event);
    whenSaved(service, () => tell(body));
  });
}

/** Calls back later than this returns, also when the disk has refused. */
function whenSaved({ unsaved }: KeyService, done: () => void): void {
  const saved = unsaved();
  if (saved) saved.then(done, done);
  else queueMicrotask(done);
}

export function refuseDeepKey(path: string): void {
  if (path.length > deepestKey && path.split('/').length > deepestKey) {
    throw new EtcdError(210, `a key has at most ${deepestKey} parts here`, 0);
  }
}

export function asRefusal(error: unknown): EtcdError {
  return error instanceof EtcdError ? error : new EtcdError(300, error instanceof Error ? error.message : String(error), 0);
}

function isNew({ action, prevNode }: KeyEvent): boolean {
  return action === 'create' || (action === 'set' && !prevNode);
}
