// Our own app, built and in a workspace that is thrown away.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endWithBench } from './processes.ts';

export interface App {
  /** With its token. */
  url: string;
  workspace: string;
  pid: number;
  close(): Promise<void>;
}

/**
 * Resolves when it serves, on a port of its own.
 * @param programs where the bundled programs lie
 * @throws Error with what it said when it ends instead
 */
export async function startApp(programs: string): Promise<App> {
  const workspace = mkdtempSync(join(tmpdir(), 'bench-app-'));
  const child = spawn(process.execPath, [join(programs, 'server.mjs'), '--workspace', workspace, '--port', '0'], {
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithBench(child);
  const said: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      const found = /http:\/\/localhost:\d+\/\?token=[0-9a-f]+/.exec(line);
      if (found) resolve(found[0]);
    });
    child.once('exit', () => reject(new Error(`The app ended before it was ready:\n${said.join('\n')}`)));
  });
  return {
    url,
    workspace,
    pid: child.pid as number,
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      rmSync(workspace, { recursive: true, force: true });
    },
  };
}
