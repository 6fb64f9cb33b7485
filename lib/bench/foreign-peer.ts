// A web terminal of somebody else as a peer: its server on a free port, in an empty home, with a shell for each connection.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Line, type Peer, pause } from './line.ts';
import { endWithBench } from './processes.ts';

export interface ForeignTerminal {
  kind: 'wetty' | 'ttyd';
  version: string;
  file: string;
  /** The server's arguments, for a port of 127.0.0.1. */
  args(port: string): string[];
  /** A path that it answers once it serves. */
  path: string;
  connect(url: string): Promise<Line>;
}

/** @throws Error when the server ends, or answers nothing within 10 s */
export async function openForeign({ kind, version, file, args, path, connect }: ForeignTerminal): Promise<Peer> {
  const home = mkdtempSync(join(tmpdir(), `${kind}-bench-`));
  const port = await freePort();
  const server = spawn(file, args(String(port)), {
    stdio: 'ignore',
    cwd: home,
    env: { ...process.env, HOME: home, NODE_ENV: 'production' },
  });
  endWithBench(server);
  const url = `http://127.0.0.1:${port}`;
  const peer: Peer = {
    name: `${kind} ${version}`,
    address: { kind, url },
    processes: () => [server.pid as number],
    open: () => connect(url),
    reopen(line) {
      line.close();
      return connect(url);
    },
    async close() {
      server.kill('SIGTERM');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
      rmSync(home, { recursive: true, force: true });
    },
  };
  for (let tries = 0; tries < 200 && server.exitCode === null; tries += 1) {
    const answered = await fetch(url + path).then(
      () => true,
      () => false,
    );
    if (answered) return peer;
    await pause(50);
  }
  await peer.close();
  throw new Error(`${kind} did not start`);
}

/** A port that was free a moment ago: not every server can be asked to choose one. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
