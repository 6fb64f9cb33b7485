/** The parent's side of a pty host: starts the program, speaks frames with it, and tells when it crashed. */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { controlFrame, createFrameReader, frameHeader, frameKind, type HostReport, type HostRequest, largestFrame } from './frames.ts';
import type { Pty, PtyHost, PtyOptions } from './pty.ts';
import { sessionGroups, signalGroup } from './pty-host/process-groups.ts';

/** What a terminal needs beyond the contract of a pty. */
export interface HostedPty extends Pty {
  /** Sends a signal to the foreground process group, but never to the shell itself. */
  signalForeground(name: NodeJS.Signals): void;
  /** Forgets input that the program has not read, so that a Ctrl-C does not wait behind it. */
  discardInput(): void;
  /** The program does not read and its queue is full: so many bytes were dropped. */
  onInputLost(listener: (bytes: number) => void): void;
}

export interface TerminalPtyHost extends PtyHost {
  open(options: PtyOptions): Promise<HostedPty>;
}

export interface PtyHostOptions {
  /** The bundled program, `pty-host.mjs`. */
  program: string;
  /** The host's own environment (not that of its ptys); PATH alone when left out. */
  environment?: Record<string, string>;
  /** The host ended by itself. Its ptys have ended with it; the next `open` starts another one. */
  onCrash?: (reason: string) => void;
}

/** A host that has not ended so long after its pipe did is killed. */
const closeMs = 3000;

/** Starts a pty host now; another one takes over at the next `open` if it crashes. */
export function startPtyHost(options: PtyHostOptions): TerminalPtyHost {
  let host: HostProcess | null = startHostProcess(options, forget);
  let closed = false;

  return {
    open(pty) {
      if (closed) return Promise.reject(new Error('The terminals are being closed; no new one can be opened.'));
      host ??= startHostProcess(options, forget);
      return host.open(pty);
    },
    async close() {
      closed = true;
      await host?.close();
    },
  };

  function forget(): void {
    host = null;
  }
}

type HostProcess = ReturnType<typeof startHostProcess>;

function startHostProcess({ program, environment, onCrash }: PtyHostOptions, onEnd: () => void) {
  const options: SpawnOptions = {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: (environment ?? { PATH: process.env.PATH ?? '' }) as NodeJS.ProcessEnv,
    // Its own session: a Ctrl-C meant for the app must not reach it before the app has said good-bye.
    detached: true,
  };
  const child = spawn(process.execPath, ['--enable-source-maps', program], options);
  const pipe = child.stdio[3] as Duplex;
  const complaints = collectStderr(child);
  const ptys = new Map<number, ReturnType<typeof createClientPty>>();
  let lastId = 0;
  let closing = false;

  const reader = createFrameReader((kind, id, payload) => {
    const pty = ptys.get(id);
    if (kind === frameKind.bytes) return pty?.takeOutput(payload);
    const report = JSON.parse(payload.toString()) as HostReport;
    if (report.type === 'exit' || report.type === 'refused') ptys.delete(id);
    pty?.takeReport(report);
  });
  pipe.on('data', (chunk: Buffer) => reader.push(chunk));
  pipe.on('error', () => {});

  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => finish(`it could not be started: ${error.message}`));
    child.once('exit', (code, signal) => finish(`it ended with ${signal ?? `status ${code}`}${complaints()}`));
    function finish(reason: string) {
      resolve();
      onEnd();
      const crashed = [...ptys.values()];
      ptys.clear();
      for (const pty of crashed) pty.fail(`The pty host is gone: ${reason}`);
      if (!closing) onCrash?.(`The pty host is gone: ${reason}`);
    }
  });

  return {
    open(options: PtyOptions): Promise<HostedPty> {
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        const pty = createClientPty((frame) => pipe.writable && pipe.write(frame), id, resolve, reject);
        ptys.set(id, pty);
        pipe.write(controlFrame(id, { type: 'open', ...options }));
      });
    },
    async close(): Promise<void> {
      closing = true;
      pipe.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), closeMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

function createClientPty(send: (frame: Buffer) => void, id: number, resolve: (pty: HostedPty) => void, reject: (error: Error) => void) {
  const outputListeners: ((bytes: Buffer) => void)[] = [];
  const exitListeners: ((exit: { status: number | null; signal: string | null }) => void)[] = [];
  const lossListeners: ((bytes: number) => void)[] = [];
  let pid = 0;
  /** Output that has not been credited yet. */
  let taken = 0;
  let crediting = false;
  let exit: { status: number | null; signal: string | null } | null = null;
  /** Output that came before anybody listened. */
  let early: Buffer[] = [];

  const pty: HostedPty = {
    get pid() {
      return pid;
    },
    write(bytes) {
      const buffer = typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at < buffer.length && !exit; at += largestFrame) {
        const part = buffer.subarray(at, at + largestFrame);
        send(Buffer.concat([frameHeader(frameKind.bytes, id, part.length), part]));
      }
    },
    resize: (size) => request({ type: 'resize', size }),
    signal: (name) => sendSignal(name, 'all'),
    signalForeground: (name) => sendSignal(name, 'foreground'),
    discardInput: () => request({ type: 'discard-input' }),
    pause: () => request({ type: 'pause' }),
    resume: () => request({ type: 'resume' }),
    onOutput(listener) {
      outputListeners.push(listener);
      const waiting = early;
      early = [];
      for (const bytes of waiting) listener(bytes);
    },
    onExit(listener) {
      exitListeners.push(listener);
      if (exit) listener(exit);
    },
    onInputLost: (listener) => lossListeners.push(listener),
  };

  function request(message: HostRequest): void {
    if (!exit) send(controlFrame(id, message));
  }

  function sendSignal(name: NodeJS.Signals, to: 'foreground' | 'all'): void {
    if (process.platform === 'linux') {
      request({ type: 'signal', name, to, group: null });
      return;
    }
    execFile('ps', ['-o', 'tpgid=', '-p', String(pid)], (_error, stdout) => {
      const group = Number.parseInt(stdout, 10);
      request({ type: 'signal', name, to, group: group > 0 ? group : null });
    });
  }

  function giveCredit(): void {
    crediting = false;
    request({ type: 'credit', bytes: taken });
    taken = 0;
  }

  function end(ended: { status: number | null; signal: string | null }): void {
    exit = ended;
    for (const listener of exitListeners) listener(ended);
  }

  return {
    takeOutput(bytes: Buffer) {
      if (outputListeners.length === 0) early.push(bytes);
      for (const listener of outputListeners) listener(bytes);
      taken += bytes.length;
      // After what else has come in meanwhile: credited at once, a flood would be read on and on before anybody's keystroke.
      if (crediting || taken < largestFrame) return;
      crediting = true;
      setImmediate(giveCredit);
    },
    takeReport(report: HostReport) {
      if (report.type === 'opened') {
        pid = report.pid;
        resolve(pty);
      } else if (report.type === 'refused') reject(new Error(report.reason));
      else if (report.type === 'input-lost') for (const listener of lossListeners) listener(report.bytes);
      else end({ status: report.status, signal: report.signal });
    },
    fail(reason: string) {
      if (pid === 0) return reject(new Error(reason));
      // The kernel has hung up on the session; what ignores that must not outlive its terminal.
      for (const group of sessionGroups(pid)) signalGroup(group, 'SIGKILL');
      end({ status: null, signal: 'SIGHUP' });
    },
  };
}

/** The last words of a host that crashed, for the message. */
function collectStderr(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-2000);
  });
  return () => (text ? `: ${text.trim().split('\n').slice(-3).join(' ')}` : '');
}
