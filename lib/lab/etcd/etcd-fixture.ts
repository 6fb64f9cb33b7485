// An etcd of ours on a port of its own, gone when the test ends; only for tests.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openEtcd } from './etcd.ts';
import { loneMember } from './members.ts';
import { answerPlainRequests } from './plain-requests.ts';

export async function startOurEtcd(directory?: string) {
  const home = directory ?? (await mkdtemp(join(tmpdir(), 'our-etcd-')));
  let url = '';
  const members = loneMember('core-01', () => url);
  const etcd = await openEtcd({ directory: home, members });
  const handler = etcd.handlerOf(members.leader().id);
  const server = createServer(handler);
  const drop = answerPlainRequests(server, handler.plain);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  let closed: Promise<void> | undefined;
  async function close() {
    drop();
    server.closeAllConnections();
    server.close();
    await etcd.close();
  }
  const stop = () => (closed ??= close());
  onTestFinished(async () => {
    await stop();
    if (!directory) await rm(home, { recursive: true, force: true });
  });
  return { etcd, url, stop };
}
