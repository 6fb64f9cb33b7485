// The workspace's own ssh-agent, never the user's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface SshAgent {
  socket: string;
  close(): Promise<void>;
}

/**
 * Starts an ssh-agent that lives as long as this process: a shell between the two reads a pipe, and at its end, however that
 * comes, ends the agent.
 * @throws Error when the agent does not answer within 5 s
 */
export async function startSshAgent(program: string, socket: string, environment: Record<string, string>): Promise<SshAgent> {
  rmSync(socket, { force: true });
  const script = '"$0" -D -a "$1" >/dev/null & read -r _; kill $!; wait';
  const shell = spawn('/bin/sh', ['-c', script, program, socket], {
    env: environment as NodeJS.ProcessEnv,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const ended = once(shell, 'exit');
  for (let waited = 0; !(await isListening(socket)); waited += 10) {
    if (waited > 5000 || shell.exitCode !== null) {
      shell.stdin.end();
      throw new Error(`${program} did not start: fleetctl's tunnel needs it, so try \`${program} -D\` by hand to see why.`);
    }
    await delay(10);
  }
  return {
    socket,
    async close() {
      shell.stdin.end();
      await ended;
      rmSync(socket, { force: true });
    },
  };
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
