import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { fleetHandler } from './api.ts';
import { newRegistry, service, settle, startMachine } from './fleet-fixture.ts';

async function startApi() {
  const { registry } = newRegistry();
  const server = createServer(fleetHandler({ registry, version: '0.8.3' }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = { 'Content-Type': 'application/json' },
  ) => {
    const init = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body), headers };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...init });
    return { status: response.status, text: await response.text(), server: response.headers.get('server') };
  };
  return { registry, port, call };
}

const unit = (name: string, more: object = {}) => ({ name, options: service(), ...more });
const error = (code: number, message: string) => ({
  status: code,
  text: JSON.stringify({ error: { code, message } }),
  server: 'fleetd/0.8.3',
});

test('a unit goes through its life', async () => {
  const { registry, call } = await startApi();
  const { id } = startMachine(registry, 1);
  const path = '/fleet/v1/units/web.service';
  expect(await call('GET', path)).toEqual(error(404, 'unit does not exist'));
  expect(await call('PUT', path, unit('web.service'))).toMatchObject({ status: 201, text: '' });
  const shown = '"name":"web.service","options":[{"name":"ExecStart","section":"Service","value":"/bin/true"}]';
  expect((await call('GET', path)).text).toBe(`{"currentState":"inactive","desiredState":"inactive",${shown}}`);
  expect(await call('PUT', path, { desiredState: 'launched' })).toMatchObject({ status: 204, text: '' });
  await settle();
  expect((await call('GET', path)).text).toBe(`{"currentState":"launched","desiredState":"launched","machineID":"${id}",${shown}}`);
  const state = (await call('GET', '/fleet/v1/state/web.service?alt=json')).text;
  expect(state).toBe(
    `{"hash":"${registry.job('web.service')!.hash}","machineID":"${id}","name":"web.service","systemdActiveState":"active","systemdLoadState":"loaded","systemdSubState":"running"}`,
  );
  expect((await call('GET', `/fleet/v1/state?machineID=${id}&unitName=web.service`)).text).toBe(`{"states":[${state}]}`);
  expect((await call('GET', '/v1-alpha/state?unitName=other.service')).text).toBe('{}');
  expect(await call('DELETE', path)).toMatchObject({ status: 204 });
  await settle();
  expect(await call('DELETE', path)).toEqual(error(404, 'unit does not exist'));
  expect(await call('GET', '/fleet/v1/state/web.service')).toEqual(error(404, 'unit state does not exist'));
  expect((await call('GET', '/fleet/v1/units')).text).toBe('{}');
});

test('machines are listed by ID, without what is empty', async () => {
  const { registry, call } = await startApi();
  startMachine(registry, 2, { region: 'us-east-1', disk: 'ssd' });
  startMachine(registry, 1);
  expect((await call('GET', '/fleet/v1/machines')).text).toBe(
    `{"machines":[{"id":"${'1'.repeat(32)}","primaryIP":"172.17.8.101"},{"id":"${'2'.repeat(32)}","metadata":{"disk":"ssd","region":"us-east-1"},"primaryIP":"172.17.8.102"}]}`,
  );
});

test("a machine's metadata can be changed", async () => {
  const { registry, call } = await startApi();
  const { id } = startMachine(registry, 1, { disk: 'ssd' });
  const change = (op: string, key: string, value?: unknown) => ({ op, path: `/${id}/metadata/${key}`, value });
  expect(await call('PATCH', '/fleet/v1/machines', [change('add', 'a', { value: 'b' }), change('remove', 'disk')])).toMatchObject({
    status: 204,
  });
  expect(registry.machines()[0]!.metadata).toEqual({ a: 'b' });
  expect((await call('PATCH', '/fleet/v1/machines', [change('add', 'a', 'plain')])).status).toBe(400);
  expect(await call('PATCH', '/fleet/v1/machines', [change('copy', 'a')])).toEqual(
    error(400, 'invalid op: expect add, remove, or replace'),
  );
  expect(await call('PATCH', '/fleet/v1/machines', [change('add', 'a/../b')])).toEqual(error(400, 'machine metadata path invalid'));
  expect(await call('PATCH', '/fleet/v1/machines', [change('add', 'a')])).toEqual(
    error(400, 'invalid value: add and replace require a value'),
  );
});

test("PUT refuses in fleet's order and words", async () => {
  const { call } = await startApi();
  const put = (name: string, body: unknown, headers?: Record<string, string>) => call('PUT', `/fleet/v1/units/${name}`, body, headers);
  expect(await put('x.service', '{}', { 'Content-Type': 'text/plain' })).toEqual(
    error(415, 'only acceptable Content-Type is application/json'),
  );
  expect((await put('x.service', '{')).text).toContain('unable to decode body: ');
  expect((await put('x.service', { options: 'text' })).status).toBe(400);
  expect(await put('x.service', unit('y.service'))).toEqual(
    error(400, 'name in URL "x.service" differs from unit name in request body "y.service"'),
  );
  expect(await put('x.foo', unit('x.foo'))).toEqual(error(400, 'invalid unit type: "foo"'));
  expect(await put('x.service', {})).toEqual(error(409, 'unit does not exist and options field empty'));
  const clashing = { options: service('Global=true', 'MachineOf=a.service') };
  expect(await put('x.service', clashing)).toEqual(error(400, 'Global cannot be used with Peers'));
  expect(await put('x.service', unit('x.service', { desiredState: 'bogus' }))).toMatchObject({ status: 400 });
  expect(await put('x.service', unit('', { desiredState: 'launched' }))).toMatchObject({ status: 201 });
  expect(await put('x.service', unit('x.service'))).toEqual(error(409, 'must provide DesiredState to update existing unit'));
  expect(await put('x.service', { options: service('Global=true') })).toMatchObject({ status: 201 });
  expect(await put('t@.service', unit('t@.service', { desiredState: 'launched' }))).toMatchObject({ status: 201 });
  expect(await put('t@.service', { desiredState: 'loaded' })).toEqual(error(400, 'cannot activate template "t@.service"'));
  const long = { options: [{ section: 'Service', name: 'ExecStart', value: 'x'.repeat(3000) }] };
  expect(await put('long.service', long)).toEqual(error(400, 'line too long (max 2048 bytes)'));
});

test("wrong methods and unknown paths have fleet's answers", async () => {
  const { call } = await startApi();
  expect(await call('POST', '/fleet/v1/units')).toEqual(error(405, 'only GET supported against this resource'));
  expect(await call('POST', '/fleet/v1/units/x.service')).toEqual(error(405, 'only GET, PUT and DELETE supported against this resource'));
  expect(await call('DELETE', '/fleet/v1/state')).toEqual(error(405, 'only GET supported against this resource'));
  expect(await call('PUT', '/fleet/v1/machines')).toEqual(error(405, 'only GET and PATCH supported against this resource'));
  expect(await call('PUT', '/fleet/v1/discovery')).toEqual(error(400, 'only HTTP GET supported against this resource'));
  expect((await call('HEAD', '/fleet/v1/units')).status).toBe(405);
  expect(await call('GET', '/')).toEqual(error(405, ''));
  expect(await call('GET', '/fleet/v1')).toEqual(error(405, ''));
  for (const path of ['/fleet/v1/', '/fleet/v1/units/', '/fleet/v1/nothing', '/nothing'])
    expect(await call('GET', path)).toEqual(error(404, ''));
  expect(JSON.parse((await call('GET', '/fleet/v1/discovery')).text)).toMatchObject({ id: 'fleet:v1' });
  expect(await call('GET', '/fleet/v1/units/..%2F..%2Fmachines')).toEqual(error(404, 'unit does not exist'));
});

test('long lists come in pages of a hundred, with one empty page after full ones', async () => {
  const { registry, call } = await startApi();
  for (let count = 0; count < 200; count++) registry.createUnit(`u${String(count).padStart(3, '0')}.service`, service(), 'inactive');
  const first = JSON.parse((await call('GET', '/fleet/v1/units')).text);
  expect(first.units).toHaveLength(100);
  expect(first.nextPageToken).toBe('ZAACAA==');
  const second = JSON.parse((await call('GET', '/fleet/v1/units?nextPageToken=ZAACAA%3D%3D&alt=json')).text);
  expect(second.units[0].name).toBe('u100.service');
  expect((await call('GET', `/fleet/v1/units?nextPageToken=${second.nextPageToken}`)).text).toBe('{}');
  const token = (text: string) => call('GET', `/fleet/v1/units?${text}`);
  expect(await token('nextPageToken=ZAACAA==&nextPageToken=ZAACAA==')).toEqual(error(400, 'too many values for page token'));
  expect(await token('nextPageToken=!')).toEqual(error(400, 'illegal base64 data at input byte 0'));
  expect(await token('nextPageToken=ZQACAA==')).toEqual(error(400, 'token limit must be 100'));
  expect(await token('nextPageToken=ZAAAAA==')).toEqual(error(400, 'token page must be greater than zero'));
});

test('requests with whole URLs on a kept connection are answered one after the other', async () => {
  const { port, registry } = await startApi();
  registry.createUnit('x.service', service(), 'inactive');
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  const ask = (path: string) =>
    socket.write(`GET http://domain-sock${path}?alt=json HTTP/1.1\r\nHost: domain-sock\r\nAccept-Encoding: gzip\r\n\r\n`);
  ask('/fleet/v1/units/x.service');
  ask('/fleet/v1/machines');
  await expect.poll(() => text.match(/HTTP\/1\.1 200 OK/g)?.length).toBe(2);
  expect(text).toContain('"name":"x.service"');
  expect(text.endsWith('\r\n\r\n{}')).toBe(true);
});

test('pages of other sites are refused', async () => {
  const { port } = await startApi();
  const ask = (headers: Record<string, string>) =>
    new Promise((resolve) => {
      request({ port, path: '/fleet/v1/units', headers }, (response) => resolve(response.resume().statusCode)).end();
    });
  expect(await ask({ Origin: 'http://evil.example' })).toBe(403);
  expect(await ask({ Host: 'evil.example' })).toBe(421);
  expect(await ask({})).toBe(200);
});
