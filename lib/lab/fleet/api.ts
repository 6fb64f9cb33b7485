// fleet's HTTP API, version 1.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { decodePath } from '../etcd/form.ts';
import { answer, readBody, requestTarget } from '../etcd/http-plain.ts';
import { refuseForeign } from '../etcd/request-gate.ts';
import { goJson } from '../etcd/wire.ts';
import { discoveryDocument } from './api-document.ts';
import { putUnit } from './api-put.ts';
import { ApiError, readMetadataChanges, readUnitRequest } from './api-requests.ts';
import type { Job } from './job-index.ts';
import { readPage, takePage } from './page-token.ts';
import type { Registry } from './registry.ts';
import type { Machine, UnitState } from './registry-values.ts';
import { problemOfName } from './unit-name.ts';

export interface FleetOptions {
  registry: Registry;
  /** Of fleetd: `0.8.3`. */
  version: string;
  /** Resolves when what was written is on disk; answers to writes wait for it. */
  durable?: () => Promise<void>;
}

/** Older fleetctls call the API by its first name. */
const bases = ['/fleet/v1', '/v1-alpha'];
/** A unit file is a few hundred bytes. */
const mostBodyBytes = 1024 * 1024;

/** What one resource answers: a body that is sent as JSON, or a status without one. */
type Answer = { json: object } | { status: number };

export function fleetHandler({ registry, version, durable = async () => {} }: FleetOptions): RequestListener {
  return (request, response) => {
    // fleetctl names the server so when it comes through a socket or a tunnel; no browser can be sent to that name.
    if (refuseForeign(request, response, ['domain-sock'])) return;
    response.removeHeader('Connection');
    response.setHeader('Server', `fleetd/${version}`);
    serve(registry, durable, request, response).catch((error) => sendError(response, error));
  };
}

async function serve(registry: Registry, durable: () => Promise<void>, request: IncomingMessage, response: ServerResponse) {
  const target = requestTarget(request);
  const base = bases.find((each) => target.path === each || target.path.startsWith(`${each}/`));
  if (target.path === '/' || target.path === base) throw new ApiError(405, '');
  const [resource = '', ...rest] = base === undefined ? [] : target.path.slice(base.length + 1).split('/');
  const name = decodePath(rest.join('/'));
  const result = await route(registry, request, resource, rest.length === 0 ? undefined : name, new URLSearchParams(target.query));
  if ('json' in result) return answer(response, 200, goJson(result.json), 'application/json');
  await durable();
  if (result.status === 204) response.writeHead(204).end();
  else answer(response, result.status, '');
}

async function route(
  registry: Registry,
  request: IncomingMessage,
  resource: string,
  name: string | undefined,
  query: URLSearchParams,
): Promise<Answer> {
  const method = request.method ?? '';
  if (resource === 'units' && name === undefined) {
    requireMethod(method, ['GET'], 'only GET supported against this resource');
    return {
      json: listPage(
        'units',
        registry.jobs().map((job) => viewUnit(registry, job)),
        query,
      ),
    };
  }
  if (resource === 'units' && name) {
    requireMethod(method, ['GET', 'PUT', 'DELETE'], 'only GET, PUT and DELETE supported against this resource');
    return serveUnit(registry, request, method, name);
  }
  if (resource === 'state' && name === undefined) {
    requireMethod(method, ['GET'], 'only GET supported against this resource');
    const [machineID, unitName] = [query.get('machineID'), query.get('unitName')];
    const states = registry
      .states()
      .filter((state) => (!machineID || state.machineID === machineID) && (!unitName || state.name === unitName));
    return { json: listPage('states', states.map(viewState), query) };
  }
  if (resource === 'state' && name) {
    requireMethod(method, ['GET'], 'only GET supported against this resource');
    const state = problemOfName(name) === undefined ? registry.statesOf(name)[0] : undefined;
    if (!state) throw new ApiError(404, 'unit state does not exist');
    return { json: viewState(state) };
  }
  if (resource === 'machines' && name === undefined) {
    requireMethod(method, ['GET', 'PATCH'], 'only GET and PATCH supported against this resource');
    if (method === 'GET') return { json: listPage('machines', registry.machines().map(viewMachine), query) };
    const changes = readMetadataChanges(request, await readBody(request, mostBodyBytes));
    for (const { machineId, key, value } of changes) registry.setMachineMetadata(machineId, key, value);
    return { status: 204 };
  }
  if (resource === 'discovery' && name === undefined) {
    if (method !== 'GET') throw new ApiError(400, 'only HTTP GET supported against this resource');
    return { json: discoveryDocument };
  }
  throw new ApiError(404, '');
}

async function serveUnit(registry: Registry, request: IncomingMessage, method: string, name: string): Promise<Answer> {
  if (method === 'PUT') return { status: putUnit(registry, name, readUnitRequest(request, await readBody(request, mostBodyBytes))) };
  const job = problemOfName(name) === undefined ? registry.job(name) : undefined;
  if (!job) throw new ApiError(404, 'unit does not exist');
  if (method === 'GET') return { json: viewUnit(registry, job) };
  registry.destroyUnit(name);
  return { status: 204 };
}

function requireMethod(method: string, allowed: string[], message: string): void {
  if (!allowed.includes(method)) throw new ApiError(405, message);
}

function listPage(name: string, items: object[], query: URLSearchParams): object {
  const wanted = readPage(query.getAll('nextPageToken'));
  if ('problem' in wanted) throw new ApiError(400, wanted.problem);
  const page = takePage(items, wanted.page);
  return withoutEmpty(
    name < 'nextPageToken'
      ? { [name]: page.items, nextPageToken: page.nextPageToken }
      : { nextPageToken: page.nextPageToken, [name]: page.items },
  );
}

function viewUnit(registry: Registry, job: Job): object {
  const { name, targetState: desiredState } = job;
  const options = job.options.map(({ name: option, section, value }) => withoutEmpty({ name: option, section, value }));
  if (job.requirements.global) return withoutEmpty({ desiredState, name, options });
  return withoutEmpty({ currentState: currentState(registry, job), desiredState, machineID: job.target, name, options });
}

function currentState(registry: Registry, { name, target, launchedOn }: Job): string {
  if (target === undefined || !registry.statesOf(name).some(({ machineID }) => machineID === target)) return 'inactive';
  return launchedOn === target ? 'launched' : 'loaded';
}

function viewState({ hash, machineID, name, systemdActiveState, systemdLoadState, systemdSubState }: UnitState): object {
  return withoutEmpty({ hash, machineID, name, systemdActiveState, systemdLoadState, systemdSubState });
}

function viewMachine({ id, metadata, primaryIP }: Machine): object {
  const sorted = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)));
  return withoutEmpty({ id, metadata: sorted, primaryIP });
}

/** fleet leaves out what is empty: texts, lists and maps. */
function withoutEmpty(fields: Record<string, unknown>): object {
  const isEmpty = (value: unknown) =>
    value === undefined || value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));
}

function sendError(response: ServerResponse, error: unknown) {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, message } = error instanceof ApiError ? error : { status: 500, message: '' };
  answer(response, status, goJson({ error: { code: status, message } }), 'application/json');
}
