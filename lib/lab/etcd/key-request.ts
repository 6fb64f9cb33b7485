// A request of the keys API: which parameters it has, in the order in which etcd checks them, and how it is carried out.
import type { Clock } from './clock.ts';
import { type Form, noForm } from './form.ts';
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

/** Throws `EtcdError` for the first parameter that is wrong. */
export function parseKeyRequest(method: string, path: string, form: Form): KeyRequest {
  const request = plainRequest(method, path);
  if (form === noForm) return request;
  if (form.error !== undefined) refuse(210, form.error);
  request.prevIndex = Number(readDigits(form, 'prevIndex', 203));
  request.waitIndex = Number(readDigits(form, 'waitIndex', 203));
  const flag = (name: string) => readFlag(form, name) ?? false;
  request.recursive = flag('recursive');
  request.sorted = flag('sorted');
  request.wait = flag('wait');
  request.dir = flag('dir');
  request.quorum = flag('quorum');
  request.stream = flag('stream');
  if (request.wait && method !== 'GET') refuse(209, '"wait" can only be used with GET requests');
  if (form.get('prevValue') === '') refuse(201, '"prevValue" cannot be empty');
  request.noValueOnSuccess = flag('noValueOnSuccess');
  if (form.get('ttl')) request.ttl = BigInt(readDigits(form, 'ttl', 202));
  request.prevExist = readFlag(form, 'prevExist', 'prevExist');
  request.refresh = readFlag(form, 'refresh', 'refresh');
  if (request.refresh && form.get('value')) refuse(211, 'A value was provided on a refresh');
  if (request.refresh && request.ttl === undefined) refuse(212, 'No TTL value set');
  request.value = form.get('value') ?? '';
  request.prevValue = form.get('prevValue') ?? '';
  return request;
}

/** One literal, so that all requests have the same shape: the engine is several times faster with them. */
function plainRequest(method: string, path: string): KeyRequest {
  return {
    method,
    path,
    value: '',
    prevValue: '',
    prevIndex: 0,
    prevExist: undefined,
    waitIndex: 0,
    recursive: false,
    sorted: false,
    wait: false,
    dir: false,
    quorum: false,
    stream: false,
    refresh: undefined,
    noValueOnSuccess: false,
    ttl: undefined,
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

/** An unsigned number of 64 bits; '0' when it was not sent. */
function readDigits(form: Form, name: string, code: ErrorCode): string {
  const text = form.get(name) ?? '0';
  if (!/^\d{1,30}$/.test(text) || (text.length > 19 && BigInt(text) > 0xffff_ffff_ffff_ffffn)) refuse(code, `invalid value for "${name}"`);
  return text;
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
