/** The ptys of one host: requests in, frames out, output held back when the parent has not taken what was sent. */
import {
  controlFrame,
  creditWindow,
  frameKind,
  type HostReport,
  type HostRequest,
  headerLength,
  largestFrame,
  writeFrameHeader,
} from '../frames.ts';
import { foregroundGroup, sessionGroups, signalGroup } from './process-groups.ts';
import { type SpawnedPty, spawnPty } from './spawn-pty.ts';

/** A quiet line sends at once, so that an echo is not delayed; under load output is gathered until a frame is full, or this long. */
const gatherMs = 4;

/** One full frame with its header. */
const slabSize = headerLength + largestFrame;

interface HostedPty {
  process: SpawnedPty;
  output: ReturnType<typeof createOutput>;
}

export function createHostedPtys(send: (frame: Buffer) => void) {
  const ptys = new Map<number, HostedPty>();
  const report = (id: number, message: HostReport) => send(controlFrame(id, message));

  return {
    write(id: number, bytes: Buffer) {
      ptys.get(id)?.process.write(bytes);
    },

    accept(id: number, request: HostRequest) {
      if (request.type === 'open') return open(id, request);
      const pty = ptys.get(id);
      if (!pty) return;
      if (request.type === 'resize') pty.process.resize(request.size);
      else if (request.type === 'discard-input') pty.process.discardInput();
      else if (request.type === 'pause') pty.output.hold(true);
      else if (request.type === 'resume') pty.output.hold(false);
      else if (request.type === 'credit') pty.output.credit(request.bytes);
      else signal(pty.process.pid, request);
    },

    /** Hangs up on every session, kills what is left after `graceMs`, and resolves when no pty's program runs any more. */
    async end(graceMs: number): Promise<void> {
      const groups = [...ptys.values()].flatMap((pty) => sessionGroups(pty.process.pid));
      for (const group of groups) signalGroup(group, 'SIGHUP');
      // A stopped job takes the hang-up only when it goes on.
      for (const group of groups) signalGroup(group, 'SIGCONT');
      const deadline = performance.now() + graceMs;
      while (groups.some(isAlive) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
      for (const group of groups.filter(isAlive)) signalGroup(group, 'SIGKILL');
    },
  };

  function open(id: number, request: HostRequest & { type: 'open' }): void {
    const output = createOutput(id, send, () => ptys.get(id)?.process);
    try {
      const process = spawnPty(request, {
        onOutput: output.append,
        onInputLost: (bytes) => report(id, { type: 'input-lost', bytes }),
        onExit(exit) {
          output.flush();
          ptys.delete(id);
          report(id, { type: 'exit', ...exit });
        },
      });
      ptys.set(id, { process, output });
      report(id, { type: 'opened', pid: process.pid });
    } catch (error) {
      report(id, { type: 'refused', reason: (error as Error).message });
    }
  }
}

/** Gathers a pty's output into frames, and pauses its reader while the parent is a whole window behind or asked for it. */
function createOutput(id: number, send: (frame: Buffer) => void, getProcess: () => SpawnedPty | undefined) {
  let slab = Buffer.allocUnsafeSlow(slabSize);
  /** The frame being gathered: its header's place, and where its payload ends. */
  let from = 0;
  let to = headerLength;
  let inFlight = 0;
  let held = false;
  let paused = false;
  let sentAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;

  function flushGathered(): void {
    timer = immediate = undefined;
    const wait = gatherMs - (performance.now() - sentAt);
    // Full frames were sent meanwhile: the rest may become one as well.
    if (wait > 0) timer = setTimeout(flushGathered, wait);
    else flush();
  }

  function flush(): void {
    const length = to - from - headerLength;
    if (length <= 0) return;
    // Header and payload in one piece: a write of its own for nine bytes costs both sides more than the bytes.
    writeFrameHeader(slab, from, frameKind.bytes, id, length);
    const frame = slab.subarray(from, to);
    from = to;
    to += headerLength;
    if (to >= slab.length) {
      // Frames on their way are views of the old one.
      slab = Buffer.allocUnsafeSlow(slabSize);
      from = 0;
      to = headerLength;
    }
    sentAt = performance.now();
    inFlight += length;
    send(frame);
    pace();
  }

  function pace(): void {
    const next = held || inFlight >= creditWindow;
    if (next === paused) return;
    paused = next;
    if (paused) getProcess()?.pause();
    else getProcess()?.resume();
  }

  return {
    flush,
    append(bytes: Uint8Array) {
      for (let at = 0; at < bytes.length; ) {
        const part = bytes.subarray(at, at + slab.length - to);
        slab.set(part, to);
        to += part.length;
        at += part.length;
        if (to >= slab.length) flush();
      }
      if (timer || immediate) return;
      if (performance.now() - sentAt >= gatherMs) immediate = setImmediate(flushGathered);
      else timer = setTimeout(flushGathered, gatherMs);
    },
    hold(value: boolean) {
      held = value;
      pace();
    },
    credit(bytes: number) {
      inFlight -= bytes;
      pace();
    },
  };
}

function signal(pid: number, request: HostRequest & { type: 'signal' }): void {
  const foreground = foregroundGroup(pid) ?? request.group;
  if (foreground !== null && foreground !== pid) signalGroup(foreground, request.name);
  if (request.to === 'all') signalGroup(pid, request.name);
}

function isAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
