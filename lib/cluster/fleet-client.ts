// fleet's HTTP API, version 1, over any stream: one connection, kept alive, used for one request after the other.
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';

export type TargetState = 'inactive' | 'loaded' | 'launched';

export interface UnitOption {
  section: string;
  name: string;
  value: string;
}

export interface FleetUnit {
  name: string;
  options: UnitOption[];
  desiredState: string;
  /** Empty for a global unit. */
  currentState: string;
  /** Empty while the unit is not scheduled. */
  machineID: string;
}

export interface FleetUnitState {
  name: string;
  /** SHA-1 of the unit that the machine has. */
  hash: string;
  machineID: string;
  systemdLoadState: string;
  systemdActiveState: string;
  systemdSubState: string;
}

export interface FleetMachine {
  id: string;
  primaryIP: string;
  metadata: Record<string, string>;
}

export interface FleetClient {
  machines(): Promise<FleetMachine[]>;
  units(): Promise<FleetUnit[]>;
  /** Null when there is none of that name. */
  unit(name: string): Promise<FleetUnit | null>;
  states(filter?: { unitName?: string; machineID?: string }): Promise<FleetUnitState[]>;
  create(name: string, options: UnitOption[], desiredState?: TargetState): Promise<void>;
  setTarget(name: string, desiredState: TargetState): Promise<void>;
  destroy(name: string): Promise<void>;
  close(): void;
}

export interface FleetClientOptions {
  /** Opens a stream to the API: an `fd-forward` channel, a socket. */
  connect(): Promise<Duplex>;
  /** Milliseconds that one request may take. */
  timeout: number;
  /** What the requests call the server; fleetctl says `domain-sock` for everything that is not http. */
  host?: string;
}

/** An answer other than 2xx. `message` is fleet's own; empty when it gives none, or when something else has answered. */
export class FleetError extends Error {
  override readonly name = 'FleetError';
  readonly status: number;
  readonly body: string;
  constructor(status: number, body: string) {
    super(errorMessage(body));
    this.status = status;
    this.body = body;
  }
}

/** The request got no answer. `target` is its whole address. */
export class FleetUnreachable extends Error {
  override readonly name = 'FleetUnreachable';
  readonly method: string;
  readonly target: string;
  constructor(method: string, target: string, cause: Error) {
    super(`${method} ${target}: ${cause.message}`, { cause });
    this.method = method;
    this.target = target;
  }
}

const maxBodyBytes = 16 * 1024 * 1024;

export function createFleetClient({ connect, timeout, host = 'domain-sock' }: FleetClientOptions): FleetClient {
  const agent = new StreamAgent(connect);

  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const target = `http://${host}/fleet/v1${path}${path.includes('?') ? '&' : '?'}alt=json`;
    let answer: { status: number; text: string };
    try {
      answer = await send({ agent, host, method, path: target.slice(`http://${host}`.length), body, timeout });
    } catch (cause) {
      throw new FleetUnreachable(method, target, cause as Error);
    }
    if (answer.status >= 300) throw new FleetError(answer.status, answer.text);
    return answer.text === '' ? {} : JSON.parse(answer.text);
  }

  async function list<Item>(path: string, key: string, query: Record<string, string>): Promise<Item[]> {
    const items: Item[] = [];
    let token = '';
    do {
      const parameters = new URLSearchParams({ ...query, ...(token ? { nextPageToken: token } : {}) }).toString();
      const page = (await call('GET', parameters ? `${path}?${parameters}` : path)) as Record<string, unknown>;
      items.push(...((page[key] ?? []) as Item[]));
      token = (page.nextPageToken ?? '') as string;
    } while (token !== '');
    return items;
  }

  return {
    machines: async () => (await list<Partial<FleetMachine>>('/machines', 'machines', {})).map(readMachine),
    units: async () => (await list<Partial<FleetUnit>>('/units', 'units', {})).map(readUnit),
    async unit(name) {
      try {
        return readUnit((await call('GET', `/units/${encodeURIComponent(name)}`)) as Partial<FleetUnit>);
      } catch (error) {
        if (error instanceof FleetError && error.status === 404) return null;
        throw error;
      }
    },
    states: async (filter = {}) => (await list<Partial<FleetUnitState>>('/state', 'states', { ...filter })).map(readState),
    async create(name, options, desiredState) {
      await call('PUT', `/units/${encodeURIComponent(name)}`, { ...(desiredState ? { desiredState } : {}), name, options });
    },
    async setTarget(name, desiredState) {
      await call('PUT', `/units/${encodeURIComponent(name)}`, { desiredState, name });
    },
    async destroy(name) {
      await call('DELETE', `/units/${encodeURIComponent(name)}`);
    },
    close: () => agent.destroy(),
  };
}

/** The API leaves out what is empty. */
function readMachine({ id = '', primaryIP = '', metadata = {} }: Partial<FleetMachine>): FleetMachine {
  return { id, primaryIP, metadata };
}

function readUnit({ name = '', options = [], desiredState = '', currentState = '', machineID = '' }: Partial<FleetUnit>): FleetUnit {
  return {
    name,
    options: options.map((option) => ({ section: option.section ?? '', name: option.name ?? '', value: option.value ?? '' })),
    desiredState,
    currentState,
    machineID,
  };
}

function readState(state: Partial<FleetUnitState>): FleetUnitState {
  const { name = '', hash = '', machineID = '', systemdLoadState = '', systemdActiveState = '', systemdSubState = '' } = state;
  return { name, hash, machineID, systemdLoadState, systemdActiveState, systemdSubState };
}

function errorMessage(text: string): string {
  try {
    return (JSON.parse(text) as { error?: { message?: string } }).error?.message ?? '';
  } catch {
    return '';
  }
}

/** Node's agent for streams that are not sockets and so have no socket options to set. */
class StreamAgent extends Agent {
  readonly #connect: () => Promise<Duplex>;
  constructor(connect: () => Promise<Duplex>) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#connect = connect;
  }
  override createConnection(_options: unknown, created?: (error: Error | null, stream: Duplex) => void): undefined {
    this.#connect().then(
      (stream) => created?.(null, stream),
      (error: Error) => created?.(error, undefined as unknown as Duplex),
    );
  }
  override keepSocketAlive(): boolean {
    return true;
  }
  override reuseSocket(stream: Duplex, request: ClientRequest): void {
    // The agent takes the listener away that it gave the idle stream, and then wants a socket's method.
    if (!('ref' in stream)) Object.assign(stream, { ref: () => stream });
    super.reuseSocket(stream, request);
  }
}

interface Exchange {
  agent: Agent;
  host: string;
  method: string;
  path: string;
  body: unknown;
  timeout: number;
}

function send(exchange: Exchange): Promise<{ status: number; text: string }> {
  const { agent, host, method, path, body, timeout } = exchange;
  return new Promise((resolve, reject) => {
    const content = body === undefined ? null : Buffer.from(JSON.stringify(body));
    const headers = { Host: host, 'User-Agent': 'fleetctl', Accept: 'application/json' };
    const typed = content ? { ...headers, 'Content-Type': 'application/json', 'Content-Length': content.length } : headers;
    const sent = request({ agent, method, path, headers: typed, signal: AbortSignal.timeout(timeout) });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // The server closed the connection between two requests; this one never reached it.
      if (sent.reusedSocket && error.code === 'ECONNRESET' && method === 'GET') send(exchange).then(resolve, reject);
      else reject(error.name === 'AbortError' ? new Error('request timed out') : error);
    });
    sent.on('response', (response) => readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject));
    sent.end(content);
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes) throw new Error(`the answer is larger than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
