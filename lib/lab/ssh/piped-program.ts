// A command over SSH without a terminal: its own process group, three pipes, and the exit status after its last byte of output.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { ServerChannel } from 'ssh2';
import { signalProcess } from '../processes.ts';
import { programBehind } from '../sandbox/process-numbers.ts';
import { type ChannelOutput, createChannelOutput } from './channel-output.ts';
import type { Program, RunningProgram } from './program.ts';

export function runPiped(channel: ServerChannel, program: Program, closed: AbortSignal): RunningProgram {
  const output = createChannelOutput(channel, closed);
  const child = start(program);
  if (child instanceof Error) return failToStart(output, program, child);

  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => resolve(failToStart(output, program, error).ended));
    child.once('close', (status, signal) => resolve(output.exit({ status, signal })));
  });
  channel.pipe(child.stdin!);
  // The program may end, or close its standard input, with bytes still on their way to it.
  child.stdin!.on('error', () => channel.resume());
  child.stdin!.on('close', () => channel.resume());
  forward(child.stdout!, 'stdout', output);
  forward(child.stderr!, 'stderr', output);

  return {
    ended,
    resize() {},
    signal: (name) => signalGroup(program, child, name),
    stopReading() {
      child.stdout?.destroy();
      child.stderr?.destroy();
    },
  };
}

function start({ file, args, directory, environment }: Program): ChildProcess | Error {
  try {
    return spawn(file, args, { cwd: directory, env: environment as NodeJS.ProcessEnv, detached: true, stdio: 'pipe' });
  } catch (error) {
    return error as Error; // such as a NUL byte in the command
  }
}

function failToStart(output: ChannelOutput, { file }: Program, error: Error): RunningProgram {
  void output.write('stderr', Buffer.from(`cannot start ${file}: ${error.message}\n`));
  return { ended: output.exit({ status: 126, signal: null }), resize() {}, signal() {}, stopReading() {} };
}

/** Reads on only when the channel has taken the last chunk, so a flood stays within the peer's window. */
function forward(source: Readable, target: 'stdout' | 'stderr', output: ChannelOutput): void {
  source.on('data', (chunk: Buffer) => {
    source.pause();
    void output.write(target, chunk).then(() => source.resume());
  });
}

function signalGroup({ inFront }: Program, { pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  const leader = inFront ? (programBehind(pid) ?? pid) : pid;
  signalProcess(-leader, name);
}
