// What the API says of itself, in Google's discovery format.

const text = { type: 'string' };
const unitName = { unitName: { type: 'string', location: 'path', required: true } };
const page = { nextPageToken: { type: 'string', location: 'query' } };
const list = (of: string) => ({ type: 'array', items: { $ref: of } });
const object = (id: string, properties: Record<string, object>) => ({ id, type: 'object', properties });
const method = (id: string, httpMethod: string, path: string, more: Record<string, object> = {}) => ({
  id: `fleet.${id}`,
  httpMethod,
  path,
  ...more,
});

export const discoveryDocument = {
  kind: 'discovery#restDescription',
  discoveryVersion: 'v1',
  id: 'fleet:v1',
  name: 'fleet',
  version: 'v1',
  title: 'fleet API',
  protocol: 'rest',
  basePath: '/fleet/v1/',
  rootUrl: 'http://localhost/',
  servicePath: 'fleet/v1/',
  schemas: {
    Machine: object('Machine', { id: text, primaryIP: text, metadata: { type: 'object', additionalProperties: text } }),
    MachinePage: object('MachinePage', { machines: list('Machine'), nextPageToken: text }),
    UnitOption: object('UnitOption', { section: text, name: text, value: text }),
    Unit: object('Unit', { name: text, options: list('UnitOption'), desiredState: text, currentState: text, machineID: text }),
    UnitPage: object('UnitPage', { units: list('Unit'), nextPageToken: text }),
    UnitState: object('UnitState', {
      ...{ name: text, hash: text, machineID: text },
      ...{ systemdLoadState: text, systemdActiveState: text, systemdSubState: text },
    }),
    UnitStatePage: object('UnitStatePage', { states: list('UnitState'), nextPageToken: text }),
  },
  resources: {
    Machines: {
      methods: { List: method('Machine.List', 'GET', 'machines', { parameters: page, response: { $ref: 'MachinePage' } }) },
    },
    Units: {
      methods: {
        List: method('Unit.List', 'GET', 'units', { parameters: page, response: { $ref: 'UnitPage' } }),
        Get: method('Unit.Get', 'GET', 'units/{unitName}', { parameters: unitName, response: { $ref: 'Unit' } }),
        Set: method('Unit.Set', 'PUT', 'units/{unitName}', { parameters: unitName, request: { $ref: 'Unit' } }),
        Delete: method('Unit.Delete', 'DELETE', 'units/{unitName}', { parameters: unitName }),
      },
    },
    UnitState: {
      methods: {
        List: method('UnitState.List', 'GET', 'state', { parameters: page, response: { $ref: 'UnitStatePage' } }),
        Get: method('UnitState.Get', 'GET', 'state/{unitName}', { parameters: unitName, response: { $ref: 'UnitState' } }),
      },
    },
  },
};
