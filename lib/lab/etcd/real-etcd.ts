// Starts Debian's etcd 3.4 with its v2 API, to compare with; for tests and the bench.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @param more arguments of this one etcd */
export async function startRealEtcd(more: string[] = ['--enable-v2']) {
  const directory = await mkdtemp(join(tmpdir(), 'real-etcd-'));
  const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const urls = ['--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peer];
  const child = spawn('etcd', ['--data-dir', directory, ...urls, ...more.map((word) => word.replaceAll('PEER', peer))], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => (log += chunk));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return {
    url: client,
    peer,
    log: () => log,
    /** Exit status, once it has ended. */
    ended,
    /** Resolves when it serves clients; rejects with its log when it does not. */
    async ready() {
      for (const deadline = Date.now() + 20_000; Date.now() < deadline; await new Promise((resolve) => setTimeout(resolve, 50))) {
        const healthy = await fetch(`${client}/health`, { signal: AbortSignal.timeout(1000) }).then(
          (response) => response.text(),
          () => '',
        );
        if (healthy.includes('"true"')) return;
        if (child.exitCode !== null) break;
      }
      throw new Error(`etcd did not start:\n${log}`);
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Below the range from which the kernel gives ports to everybody else, so that nobody takes it before etcd does. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
