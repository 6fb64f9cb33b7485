// The JSON of the etcd v2 keys API: events, nodes and the table of errors.

export type Action = 'get' | 'set' | 'create' | 'update' | 'compareAndSwap' | 'delete' | 'compareAndDelete' | 'expire';

/** A node as clients see it; the fields stand in the order in which etcd writes them. */
export interface NodeView {
  /** Left out on the wire for the root. */
  key: string;
  /** Of files only; may be empty. */
  value?: string;
  dir?: true;
  /** RFC 3339, UTC. */
  expiration?: string;
  /** Seconds, rounded up; left out on the wire when 0. */
  ttl?: number;
  nodes?: NodeView[];
  modifiedIndex: number;
  createdIndex: number;
}

export interface KeyEvent {
  action: Action;
  node: NodeView;
  prevNode?: NodeView;
  /** A TTL was renewed: in the history, but no watcher is told. Not on the wire. */
  refresh?: true;
}

const errors = {
  100: { status: 404, message: 'Key not found' },
  101: { status: 412, message: 'Compare failed' },
  102: { status: 403, message: 'Not a file' },
  104: { status: 400, message: 'Not a directory' },
  105: { status: 412, message: 'Key already exists' },
  107: { status: 400, message: 'Root is read only' },
  108: { status: 403, message: 'Directory not empty' },
  201: { status: 400, message: 'PrevValue is Required in POST form' },
  202: { status: 400, message: 'The given TTL in POST form is not a number' },
  203: { status: 400, message: 'The given index in POST form is not a number' },
  209: { status: 400, message: 'Invalid field' },
  210: { status: 400, message: 'Invalid POST form' },
  211: { status: 400, message: 'Value provided on refresh' },
  212: { status: 400, message: 'A TTL must be provided on refresh' },
  300: { status: 500, message: 'Raft Internal Error' },
  401: { status: 400, message: 'The event in requested index is outdated and cleared' },
} as const;

export type ErrorCode = keyof typeof errors;

/** A refusal by the store, as the API reports it. */
export class EtcdError extends Error {
  readonly code: ErrorCode;
  /** The offending key, or what was compared; `cause` on the wire. */
  readonly detail: string;
  /** The store's index at that moment; 0 when the request could not even be read. */
  readonly index: number;

  constructor(code: ErrorCode, detail: string, index: number) {
    super(`${code}: ${errors[code].message} (${detail}) [${index}]`);
    this.name = 'EtcdError';
    this.code = code;
    this.detail = detail;
    this.index = index;
  }

  get status(): number {
    return errors[this.code].status;
  }
}

export function encodeError({ code, detail, index }: EtcdError): string {
  return `${goJson({ errorCode: code, message: errors[code].message, cause: detail || undefined, index })}\n`;
}

export function encodeEvent(event: KeyEvent): string {
  return `${eventText(event)}\n`;
}

/** What `noValueOnSuccess=true` leaves of an event. */
export function encodeBareEvent({ action }: KeyEvent): string {
  return `${goJson({ action })}\n`;
}

/** One line of JSON that `JSON.parse` makes the event of again. */
export function encodeRecord(event: KeyEvent): string {
  const text = eventText(event);
  return event.refresh ? `${text.slice(0, -1)},"refresh":true}` : text;
}

// A change is written to the log, to the one who made it and to all who watch, one after the other.
let last: { event: KeyEvent; text: string } | undefined;

function eventText(event: KeyEvent): string {
  if (last?.event === event) return last.text;
  const { action, node, prevNode } = event;
  const before = prevNode ? `,"prevNode":${nodeText(prevNode)}` : '';
  const text = `{"action":"${action}","node":${nodeText(node)}${before}}`;
  last = { event, text };
  return text;
}

/** By hand, because this is most of what a read costs. */
function nodeText({ key, value, dir, expiration, ttl, nodes, modifiedIndex, createdIndex }: NodeView): string {
  let fields = '';
  if (key !== '/') fields += `,"key":${goString(key)}`;
  if (value !== undefined) fields += `,"value":${goString(value)}`;
  if (dir) fields += ',"dir":true';
  if (expiration !== undefined) fields += `,"expiration":"${expiration}"`;
  if (ttl) fields += `,"ttl":${ttl}`;
  if (nodes?.length) fields += `,"nodes":[${nodes.map(nodeText).join(',')}]`;
  if (modifiedIndex) fields += `,"modifiedIndex":${modifiedIndex}`;
  if (createdIndex) fields += `,"createdIndex":${createdIndex}`;
  return `{${fields.slice(1)}}`;
}

function goString(text: string): string {
  return /^[ !#-%'-;=?-[\]-~]*$/.test(text) ? `"${text}"` : goJson(text);
}

/** JSON as Go's encoder writes it: what could be read as HTML is escaped, and so are the two odd line ends. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]|\\[bf\\]/g,
    (match) => escapes[match] ?? `\\u${match.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

// An escaped backslash is matched too, so that the b in `\\b` is not taken for a backspace.
const escapes: Record<string, string> = { '\\\\': '\\\\', '\\b': '\\u0008', '\\f': '\\u000c' };
