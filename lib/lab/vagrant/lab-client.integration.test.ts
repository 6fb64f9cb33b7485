import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { labVariable } from '../api.ts';
import { fetchLabStatus } from '../lab-process.ts';
import { createLabClient } from './lab-client.ts';

test('each question to the lab has a connection of its own, for the lab closes those that wait', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lab-client-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  let connections = 0;
  const lab = createServer((_request, response) => response.end('{}')).on('connection', () => connections++);
  const socket = join(folder, 'lab.sock');
  await once(lab.listen(socket), 'listening');
  onTestFinished(() => void lab.close());
  await fetchLabStatus(socket);
  await fetchLabStatus(socket);
  const client = createLabClient({ [labVariable]: socket });
  await client.status();
  await client.boxes();
  expect(connections).toBe(4);
});
