import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startDiscovery } from './discovery-server.ts';

test('a URL that somebody was given is still good after a restart, also when the usual port was taken', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'discovery-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  // Whoever holds the usual port, this test or another lab on this computer: the service has to go elsewhere.
  const holder = createServer()
    .listen(8087, '127.0.0.1')
    .on('error', () => {});
  onTestFinished(() => void holder.close());

  const first = await startDiscovery(join(folder, 'discovery'));
  const given = await (await fetch(`${first.url}/new?size=1`)).text();
  await first.close();
  const second = await startDiscovery(join(folder, 'discovery'));
  onTestFinished(() => second.close());
  expect(second.url).toBe(first.url);
  expect((await fetch(`${given}/_config/size`)).status).toBe(200);
});
