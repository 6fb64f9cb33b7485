// A request of the keys API: which parameters it has, in the order in which etcd checks them, and how it is carried out.
import type { Clock } from './clock.ts';
import type { Form } from './form.ts';
import type { KeyStore } from './key-store.ts';
import { type ErrorCode, EtcdError, type KeyEvent } from './wire.ts';

export interface KeyRequest {
  method: string;
  path: string;
  value: string;
  prevValue: string;
  prevIndex: number;
  prevExist: boolean | undefined;
  waitIndex: number;
  recursive: boolean;
  sorted: boolean;
  wait: boolean;
  dir: boolean;
  quorum: boolean;
  stream: boolean;
  refresh: boolean | undefined;
  noValueOnSuccess: boolean;
  /** Seconds. */
  ttl: bigint | undefined;
}

export function parseKeyRequest(method: string, path: string, form: Form): KeyRequest {
  if (form.error !== undefined) refuse(210, form.error);
  const prevIndex = Number(readInteger(form, 'prevIndex', 203));
  const waitIndex = Number(readInteger(form, 'waitIndex', 203));
  const flag = (name: string) => readFlag(form, name) ?? false;
  const recursive = flag('recursive');
  const sorted = flag('sorted');
  const wait = flag('wait');
  const dir = flag('dir');
  const quorum = flag('quorum');
  const stream = flag('stream');
  if (wait && method !== 'GET') refuse(209, '"wait" can only be used with GET requests');
  if (form.get('prevValue') === '') refuse(201, '"prevValue" cannot be empty');
  const noValueOnSuccess = flag('noValueOnSuccess');
  const ttl = form.get('ttl') ? readInteger(form, 'ttl', 202) : undefined;
  const prevExist = readFlag(form, 'prevExist', 'prevExist');
  const refresh = readFlag(form, 'refresh', 'refresh');
  if (refresh && form.get('value')) refuse(211, 'A value was provided on a refresh');
  if (refresh && ttl === undefined) refuse(212, 'No TTL value set');
  const [value, prevValue] = [form.get('value') ?? '', form.get('prevValue') ?? ''];
  return {
    ...{ method, path, value, prevValue, prevIndex, prevExist, waitIndex, recursive, sorted, wait, dir, quorum, stream },
    ...{ refresh, noValueOnSuccess, ttl },
  };
}

/** Carries out everything but a watch. */
export function applyKeyRequest(store: KeyStore, request: KeyRequest): KeyEvent {
  const { path, value, dir, refresh, prevValue, prevIndex, prevExist, recursive, sorted } = request;
  const content = { value, dir, refresh, expires: expiryOf(request.ttl, store.clock) };
  const expected = { prevValue, prevIndex };
  const compares = prevIndex > 0 || prevValue !== '';
  switch (request.method) {
    case 'PUT':
      if (prevExist === false) return store.create(path, content);
      if (compares) return store.compareAndSwap(path, expected, content);
      return prevExist ? store.update(path, content) : store.set(path, content);
    case 'POST':
      return store.createInOrder(path, content);
    case 'DELETE':
      return compares ? store.compareAndDelete(path, expected) : store.delete(path, { dir, recursive });
    default:
      return store.get(path, { recursive, sorted });
  }
}

/** A TTL beyond the range of etcd's nanoseconds wraps around there, so it does here. */
function expiryOf(ttl: bigint | undefined, clock: Clock): number | undefined {
  if (ttl === undefined) return undefined;
  const now = BigInt(Math.round((clock.now() + clock.wallOffset()) * 1e6));
  const wall = BigInt.asIntN(64, now + ttl * 1_000_000_000n);
  return wall === 0n ? undefined : Number(wall) / 1e6 - clock.wallOffset();
}

function readInteger(form: Form, name: string, code: ErrorCode): bigint {
  const text = form.get(name);
  if (text === undefined) return 0n;
  if (!/^\d{1,30}$/.test(text) || BigInt(text) > 0xffff_ffff_ffff_ffffn) refuse(code, `invalid value for "${name}"`);
  return BigInt(text);
}

const flags = new Map<string, boolean>([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

function readFlag(form: Form, name: string, shown = `"${name}"`): boolean | undefined {
  const text = form.get(name);
  if (text === undefined) return undefined;
  return flags.get(text) ?? refuse(209, `invalid value for ${shown}`);
}

function refuse(code: ErrorCode, detail: string): never {
  throw new EtcdError(code, detail, 0);
}
