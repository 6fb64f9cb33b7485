// Runs a command on a machine over SSH with this process's input and output, in a terminal if there is one.

import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';
import type { ClientChannel } from 'ssh2';
import type { SshConnection } from '#lib/cluster/ssh-connection.ts';

export interface RemoteOptions {
  /** Null opens a shell. */
  command: string | null;
  agentForward: boolean;
}

/** Resolves with the exit status; 128 and the signal's number for a command that a signal ended, 255 for a lost connection. */
export async function runRemote(connection: SshConnection, { command, agentForward }: RemoteOptions): Promise<number> {
  const { stdin, stdout } = process;
  const interactive = stdin.isTTY === true;
  const options = {
    agentForward,
    ...(interactive ? { pty: { cols: stdout.columns ?? 80, rows: stdout.rows ?? 24, term: 'xterm-256color' } } : {}),
  };
  const channel = await (command === null ? connection.shell(options) : connection.exec(command, options));
  return interactive ? inRawMode(() => attach(channel)) : attach(channel);
}

function attach(channel: ClientChannel): Promise<number> {
  const { stdin, stdout, stderr } = process;
  channel.pipe(stdout, { end: false });
  channel.stderr.pipe(stderr, { end: false });
  stdin.on('error', () => channel.end()); // such as a terminal that has been closed
  stdin.pipe(channel);
  const resize = (): void => channel.setWindow(stdout.rows ?? 24, stdout.columns ?? 80, 0, 0);
  stdout.on('resize', resize);
  return new Promise((resolve) => {
    channel.on('close', (status: number | null | undefined, signal?: string) => {
      stdout.off('resize', resize);
      stdin.unpipe(channel).pause();
      resolve(status ?? (signal ? 128 + (constants.signals[signal as NodeJS.Signals] ?? 127) : 255));
    });
  });
}

/** Keystrokes go to the other side one by one; Ctrl-C too. The terminal is as it was whichever way this process ends. */
async function inRawMode(action: () => Promise<number>): Promise<number> {
  const restore = enterRawMode();
  const end = (signal: NodeJS.Signals): never => process.exit(128 + constants.signals[signal]);
  const signals: NodeJS.Signals[] = ['SIGHUP', 'SIGTERM', 'SIGINT', 'SIGQUIT'];
  for (const signal of signals) process.on(signal, end);
  process.on('exit', restore);
  try {
    return await action();
  } finally {
    restore();
    for (const signal of signals) process.off(signal, end);
    process.off('exit', restore);
  }
}

/**
 * By stty, because Node's own raw mode still turns LF into CR LF: the other side's terminal has done that already, and a program
 * that fills the screen means LF as one line down.
 */
function enterRawMode(): () => void {
  const stty = (...args: string[]): string => execFileSync('stty', args, { stdio: ['inherit', 'pipe', 'ignore'], encoding: 'utf8' }).trim();
  try {
    const settings = stty('-g');
    stty('raw', '-echo');
    return () => void stty(settings);
  } catch {
    process.stdin.setRawMode(true);
    return () => void process.stdin.setRawMode(false);
  }
}
