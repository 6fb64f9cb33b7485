import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openPreview } from './preview.ts';

test('the deployed server sees the learner’s own request and nothing of the app', async () => {
  const { ask } = await openPair();
  const answer = await ask('/hello?x=1', {
    accept: 'text/html',
    'user-agent': 'A browser',
    cookie: 'coreos-reflector-3000=secret',
    authorization: 'Bearer secret',
    referer: 'http://localhost:3000/',
    'x-forwarded-for': '10.0.0.1',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'iframe',
  });
  expect(answer.status).toBe(200);
  const seen = JSON.parse(answer.body);
  expect(seen).toEqual({
    url: '/hello?x=1',
    method: 'GET',
    headers: { accept: 'text/html', 'user-agent': 'A browser', host: '172.17.8.101', connection: 'close' },
  });
});

test('the answer cannot set cookies, leave the frame or act as the app', async () => {
  const { ask } = await openPair();
  const { headers } = await ask('/', {});
  expect(headers['set-cookie']).toBeUndefined();
  expect(headers['clear-site-data']).toBeUndefined();
  expect(headers.refresh).toBeUndefined();
  expect(headers['content-security-policy']).toBe('sandbox allow-scripts allow-forms; frame-ancestors http://localhost:3000');
  expect(headers['x-content-type-options']).toBe('nosniff');
});

test('whoever does not know the capability, uses another name or opens it outside a frame gets nothing', async () => {
  const { ask, origin } = await openPair();
  expect((await ask('/', {}, new URL(origin))).status).toBe(404);
  expect((await ask('/', { host: 'evil.test' })).status).toBe(404);
  expect((await ask('/', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' })).status).toBe(403);
});

test('before anything is deployed it says so', async () => {
  const { ask } = await openPair({ deployed: false });
  const answer = await ask('/', {});
  expect(answer.status).toBe(503);
  expect(answer.body).toContain('Nothing is deployed yet');
});

test('a deployed server that refuses the connection is reported as such', async () => {
  const { ask } = await openPair({ refuse: true });
  const answer = await ask('/', {});
  expect(answer.status).toBe(502);
  expect(answer.body).toContain('http://172.17.8.101/ did not answer');
});

async function openPair({ deployed = true, refuse = false } = {}) {
  const deployedServer = createServer((incoming, response) => {
    response.writeHead(200, {
      'Set-Cookie': 'a=b',
      'Clear-Site-Data': '"*"',
      Refresh: '0; url=http://evil.test',
      'Content-Type': 'application/json',
    });
    response.end(JSON.stringify({ url: incoming.url, method: incoming.method, headers: incoming.headers }));
  });
  await new Promise<void>((resolve) => deployedServer.listen(0, '127.0.0.1', resolve));
  const { port } = deployedServer.address() as AddressInfo;
  const preview = await openPreview({
    port: 0,
    appOrigin: () => 'http://localhost:3000',
    target: () => (deployed ? '172.17.8.101' : null),
    connect: async () => {
      if (refuse) throw new Error('connection refused');
      return connect(port, '127.0.0.1');
    },
  });
  onTestFinished(async () => {
    await preview.close();
    deployedServer.closeAllConnections();
    deployedServer.close();
  });

  function ask(path: string, headers: Record<string, string>, base = new URL(preview.url)) {
    return new Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
      const outgoing = request(
        { host: base.hostname, port: base.port, path: base.pathname.replace(/\/$/, '') + path, headers: { host: base.host, ...headers } },
        (incoming) => {
          let body = '';
          incoming.setEncoding('utf8').on('data', (text) => {
            body += text;
          });
          incoming.on('end', () => resolve({ status: incoming.statusCode as number, headers: incoming.headers, body }));
        },
      );
      outgoing.on('error', reject).end();
    });
  }
  return { ask, origin: preview.origin };
}
