import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const rule = '='.repeat(22);

test('the answer is the request, between two rules', async () => {
  const { port } = await startReflector();
  const answer = await ask(port, '/some/where?x=1', { Host: '172.17.8.101', Accept: 'text/html' });
  expect(answer.type).toBe('text/plain');
  expect(answer.body).toBe(
    [
      "Hi there.  I've received your request loud and clear.  I've reflected it back to you here: ",
      rule,
      'Host: 172.17.8.101',
      'Accept: text/html',
      'httpVersion: 1.1',
      'Method: GET',
      'URL: /some/where?x=1',
      rule,
      '',
      '',
    ].join('\n'),
  );
});

test('it greets as it was told to', async () => {
  const { port } = await startReflector({ GREETING: 'Hi from reflector 2.' });
  expect((await ask(port, '/', {})).body).toMatch(/^Hi from reflector 2\. {2}I've received your request/);
});

test('a request without an Accept header says so', async () => {
  const { port } = await startReflector();
  expect((await ask(port, '/', {})).body).toContain('\nAccept: undefined\n');
});

test('it says that it is online and on which port', async () => {
  const { line, port } = await startReflector();
  expect(line).toBe(`The server is online and listening on Port ${port}.`);
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it at once and cleanly', async (signal) => {
  const { child } = await startReflector();
  const exit = once(child, 'exit');
  child.kill(signal);
  expect(await exit).toEqual([0, null]);
});

test('the service file has the directives of the walkthrough, in its order', async () => {
  const text = await readFile(new URL('reflector.service', import.meta.url), 'utf8');
  const directives = text.split('\n').filter((line) => line && !line.startsWith('#'));
  expect(directives).toEqual([
    '[Unit]',
    'Description=Spin Up CoreOS Reflector Demo',
    'After=docker.service',
    'Requires=docker.service',
    '[Service]',
    'TimeoutStartSec=0',
    'EnvironmentFile=/etc/environment',
    `ExecStartPre=/usr/bin/etcdctl set /dns/reflector/host \${COREOS_PUBLIC_IPV4}`,
    'ExecStartPre=/usr/bin/etcdctl set /dns/reflector/port 80',
    'ExecStartPre=-/usr/bin/docker kill reflector',
    'ExecStartPre=-/usr/bin/docker rm reflector',
    'ExecStartPre=/usr/bin/docker pull pandapup/coreos_reflector',
    'ExecStart=/usr/bin/docker run --name reflector -p 80:80 pandapup/coreos_reflector',
    '[Install]',
    'WantedBy=multi-user.target',
  ]);
});

async function startReflector(environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('server.js', import.meta.url))], {
    env: { ...process.env, PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, line, port: Number(/(\d+)\.$/.exec(line)?.[1]) };
}

async function ask(port: number, path: string, headers: Record<string, string>) {
  const asked = request({ host: '127.0.0.1', port, path, headers }).end();
  const [response] = await once(asked, 'response');
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { type: response.headers['content-type'], body };
}
