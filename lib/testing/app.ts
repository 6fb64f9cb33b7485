// Starts the whole app, as `npm start` does, with a workspace and ports of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inject } from 'vitest';
import { runDirectory } from '#lib/server/workspace.ts';

export interface App {
  /** `http://localhost:PORT`. */
  origin: string;
  /** With the token. */
  url: string;
  token: string;
  workspace: string;
  pid: number;
  /** Everything that it printed so far. */
  output(): string;
  /** Sends a signal and answers with the exit status and how long it took, in ms. */
  stop(signal?: NodeJS.Signals): Promise<{ status: number | null; took: number }>;
}

export interface AppOptions {
  workspace?: string;
  words?: string[];
  environment?: Record<string, string>;
}

/** @throws Error with what the app printed, when it ends before it is ready */
export async function startApp({ workspace = makeWorkspace(), words = ['--port', '0'], environment = {} }: AppOptions = {}): Promise<App> {
  const server = join(inject('programs'), 'server.mjs');
  const child = spawn(process.execPath, [server, '--workspace', workspace, ...words], {
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const exited = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      const found = /http:\/\/localhost:\d+\/\?token=[0-9a-f]+/.exec(line);
      if (found) resolve(found[0]);
    });
    exited.then(() => reject(new Error(`The app ended before it was ready:\n${lines.join('\n')}`)));
  });
  const { origin, searchParams } = new URL(url);
  return {
    origin,
    url,
    token: searchParams.get('token') as string,
    workspace,
    pid: child.pid as number,
    output: () => lines.join('\n'),
    async stop(signal = 'SIGTERM') {
      const began = performance.now();
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const [status] = await exited;
      return { status, took: performance.now() - began };
    },
  };
}

export function makeWorkspace(): string {
  return mkdtempSync(join(tmpdir(), 'reflector-'));
}

export function removeWorkspace(workspace: string): void {
  rmSync(workspace, { recursive: true, force: true });
  // An app that was killed could not remove it.
  rmSync(runDirectory(workspace), { recursive: true, force: true });
}
