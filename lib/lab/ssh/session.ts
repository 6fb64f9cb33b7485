// One SSH session: its environment, its terminal if it asked for one, and the one program that it runs.
import type { Duplex } from 'node:stream';
import type { Connection, PseudoTtyInfo, ServerChannel, Session } from 'ssh2';
import { streamOf } from '#lib/cluster/channel-stream.ts';
import type { TerminalSize } from '#lib/shared/protocol.ts';
import type { PtyHost } from '#lib/terminal/pty.ts';
import type { MachineFacts } from '../machine.ts';
import { type ForwardedAgent, forwardAgent } from './agent-forwarding.ts';
import { runPiped } from './piped-program.ts';
import { hangUp, type Program, type RunningProgram } from './program.ts';
import { splitWords } from './split-words.ts';
import { runInTerminal } from './terminal-program.ts';

export interface SessionOptions {
  machine: MachineFacts;
  ptyHost: PtyHost;
  /** Hands a stream to the fleet API's HTTP server. */
  fleet(stream: Duplex): void;
}

/** What a client may set; anything else could change what the machine's own programs do (LD_PRELOAD, PATH, BASH_ENV). */
const settable = /^(?:LANG|LC_[A-Z]+|TERM)$/;
const maxValueLength = 256;

/** The command with which fleetctl since 0.10 reaches the fleet API. */
const fleetForward = 'fleetctl fd-forward /var/run/fleet.sock';

/** A machine's greeting and prompt are those of the CoreOS release of the walkthrough's days. */
const greeting = 'CoreOS stable (494.4.0)\r\n';

/**
 * @param connectionClosed aborts when the SSH connection is lost, of which ssh2 does not tell the session
 * @returns resolves when the session's program has ended
 */
export function serveSession(
  session: Session,
  connection: Connection,
  options: SessionOptions,
  connectionClosed: AbortSignal,
): Promise<void> {
  const closed = new AbortController();
  const environment: Record<string, string> = {};
  let terminal: TerminalSize | null = null;
  let program: RunningProgram | null = null;
  let agent: ForwardedAgent | null = null;

  const ended = new Promise<void>((resolve) => {
    const close = (): void => {
      connectionClosed.removeEventListener('abort', close);
      closed.abort();
      agent?.close();
      resolve(program === null ? undefined : hangUp(program));
    };
    session.on('close', close);
    connectionClosed.addEventListener('abort', close);
  });

  session.on('env', (accept, reject, { key, val }: { key: string; val: string }) => {
    if (!settable.test(key) || val.length > maxValueLength || val.includes('\0')) return reject?.();
    environment[key] = val;
    accept?.();
  });
  session.on('pty', (accept, _reject, info: PseudoTtyInfo & { term?: string }) => {
    terminal = sizeOf(info);
    if (info.term && info.term.length <= maxValueLength && !info.term.includes('\0')) environment.TERM = info.term;
    accept?.();
  });
  session.on('window-change', (accept, _reject, info) => {
    terminal = sizeOf(info);
    program?.resize(terminal);
    accept?.();
  });
  session.on('signal', (accept, _reject, { name }) => {
    program?.signal(`SIG${name.replace(/^SIG/, '')}` as NodeJS.Signals);
    accept?.();
  });
  session.on('auth-agent', (accept) => {
    agent ??= forwardAgent(connection, options.machine.run);
    environment.SSH_AUTH_SOCK = agent.path;
    accept?.(); // fleetctl gives up when this is refused
  });
  session.on('exec', (accept, _reject, { command }) => {
    const channel = open(accept);
    if (channel === undefined) return;
    if (isFleetForward(command)) options.fleet(fleetStream(channel));
    else program = run(channel, ['-c', command], '');
  });
  session.on('shell', (accept) => {
    const channel = open(accept);
    // Without --noprofile this computer's /etc/profile would replace the machine's PATH.
    if (channel !== undefined) program = run(channel, ['--noprofile', '--login'], greeting);
  });
  return ended;

  function open(accept: () => ServerChannel): ServerChannel | undefined {
    // Undefined when the session has ended or already runs something.
    const channel = accept() as ServerChannel | undefined;
    // What a lost connection interrupts shows as the session's close.
    channel?.on('error', () => {});
    channel?.stderr.on('error', () => {});
    return channel;
  }

  function fleetStream(channel: ServerChannel): Duplex {
    const stream = streamOf(channel, () => channel.exit(0));
    closed.signal.addEventListener('abort', () => stream.destroy());
    return stream;
  }

  function run(channel: ServerChannel, args: string[], shown: string): RunningProgram {
    const { machine, ptyHost } = options;
    const variables = { ...machine.environment, ...environment };
    if (terminal === null) return runPiped(channel, place(machine, { args, environment: variables }, 'enter'), closed.signal);
    const visible = { TERM: 'xterm', ...variables, PS1: `core@${machine.name} \\w $ ` };
    const started = place(machine, { args, environment: visible }, 'enterOnTerminal');
    return runInTerminal(channel, started, { ptyHost, size: terminal, greeting: shown }, closed.signal);
  }
}

/** How the user's shell is started with these arguments. */
function place(machine: MachineFacts, shell: Pick<Program, 'args' | 'environment'>, how: 'enter' | 'enterOnTerminal'): Program {
  const inside = { ...shell, file: '/bin/bash', directory: '/home/core' };
  if (machine.sandbox) return { ...machine.sandbox[how](inside), directory: '/', inFront: true };
  return { ...inside, file: machine.resolve(inside.file), directory: machine.resolve(inside.directory) };
}

function isFleetForward(command: string): boolean {
  return splitWords(command)?.join(' ') === fleetForward;
}

/** A client that has no terminal of its own says 0 by 0. */
function sizeOf({ cols, rows }: { cols: number; rows: number }): TerminalSize {
  return { cols: within(cols, 2, 1000, 80), rows: within(rows, 1, 1000, 24) };
}

function within(value: number, least: number, most: number, otherwise: number): number {
  return value === 0 ? otherwise : Math.min(most, Math.max(least, value));
}
