// For tests: as much of the fleet API as a client needs, over units that do whatever they are told at once.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { FleetMachine, FleetUnit, FleetUnitState } from '#lib/cluster/fleet-client.ts';

export interface TestFleet {
  api: Server;
  units: Map<string, FleetUnit>;
  machines: FleetMachine[];
  /** Every request: `GET /fleet/v1/machines`. */
  requests: string[];
  /** systemd's words for a launched unit. */
  active: [active: string, sub: string];
}

const pageSize = 2;

export function createTestFleet(machines: FleetMachine[]): TestFleet {
  const fleet: TestFleet = { api: createServer(answer), units: new Map(), machines, requests: [], active: ['active', 'running'] };

  function states(): FleetUnitState[] {
    const [systemdActiveState, systemdSubState] = fleet.active;
    return [...fleet.units.values()]
      .filter(({ currentState }) => currentState === 'launched')
      .map(({ name, machineID }) => ({
        name,
        machineID,
        hash: 'a'.repeat(40),
        systemdLoadState: 'loaded',
        systemdActiveState,
        systemdSubState,
      }));
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url!, 'http://fleet');
    fleet.requests.push(`${request.method} ${pathname}`);
    const reply = (status: number, body?: unknown): void => {
      response.writeHead(status, body ? { 'Content-Type': 'application/json' } : {}).end(body ? JSON.stringify(body) : '');
    };
    const page = (key: string, items: unknown[]): void => {
      const start = Number(searchParams.get('nextPageToken') ?? 0);
      const next = start + pageSize < items.length ? { nextPageToken: String(start + pageSize) } : {};
      reply(200, { [key]: items.slice(start, start + pageSize), ...next });
    };
    const name = decodeURIComponent(pathname.match(/^\/fleet\/v1\/units\/(.+)$/)?.[1] ?? '');
    if (pathname === '/fleet/v1/machines') return page('machines', machines);
    if (pathname === '/fleet/v1/units') return page('units', [...fleet.units.values()]);
    if (pathname === '/fleet/v1/state') return page('states', states());
    if (request.method === 'PUT') return reply(put(name, JSON.parse(await readText(request))));
    const unit = fleet.units.get(name);
    if (unit === undefined) return reply(404, { error: { code: 404, message: 'unit does not exist' } });
    if (request.method === 'DELETE') fleet.units.delete(name);
    return request.method === 'DELETE' ? reply(204) : reply(200, unit);
  }

  function put(name: string, body: Partial<FleetUnit>): number {
    const state = body.desiredState ?? 'inactive';
    const known = fleet.units.get(name);
    const options = body.options ?? known?.options ?? [];
    const machineID = state === 'inactive' ? '' : machines[0]!.id;
    fleet.units.set(name, { name, options, desiredState: state, currentState: state, machineID });
    return body.options ? 201 : 204;
  }

  return fleet;
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
