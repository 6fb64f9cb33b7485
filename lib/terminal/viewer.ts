/** Sends a terminal's log to those who watch it, each at its own pace, and paces the pty by its driver, or else by the fastest. */
import { findReplayStart, type OutputLog, slabSize } from './output-log.ts';

/** Sent but not acknowledged, per viewer: enough to keep the line busy, little enough to stay responsive. */
const windowSize = 256 * 1024;
/** A quiet line sends at once; under load output is gathered until a slab of the log is full, or this long. */
const gatherMs = 4;
/** What a newcomer gets of the past. */
const replaySize = 256 * 1024;
/** The pty is paused when the fastest viewer is so far behind, and goes on when it has caught up. Their distance avoids flapping. */
const pauseLag = 384 * 1024;
const resumeLag = 128 * 1024;
/** A viewer whose connection broke may come back so soon. */
const returnMs = 4000;
/** Longer than this nobody holds up a program: a viewer that acknowledges nothing is stalled and falls behind. */
const longestPauseMs = 10_000;

export interface ViewerRequest {
  /** The first byte wanted; null: the last screenfuls. */
  offset: number | null;
  /** The log that `offset` belongs to, when the viewer knows. */
  logId?: string | undefined;
  send(offset: number, bytes: Buffer): void;
  /** The log no longer has what lies between. */
  gap(from: number, to: number): void;
}

export interface Viewer {
  /** Where its output begins; differs from what was asked when the log does not have that. */
  readonly offset: number;
  /** Where the log ended when the viewer came: what lies before is history. */
  readonly end: number;
  /** Everything before `offset` has been shown. */
  ack(offset: number): void;
  /** The driver paces the pty, however fast the others are. */
  drive(driving: boolean): void;
  close(): void;
}

interface LiveViewer {
  request: ViewerRequest;
  cursor: number;
  acked: number;
  stalled: boolean;
  driving: boolean;
}

export interface Viewers {
  attach(request: ViewerRequest): Viewer;
  /** To be called after each append. */
  appended(): void;
  /** Sends what is gathered, so that what is told next comes after it. */
  flush(): void;
  /** Ends every pause, for the pty is gone. */
  release(): void;
  close(): void;
}

export function createViewers(log: OutputLog, pty: { pause(): void; resume(): void }): Viewers {
  const live = new Set<LiveViewer>();
  let paused = false;
  /** What lies before may be sent; the rest is still gathered. */
  let released = log.end;
  let releasedAt = 0;
  /** How far the one who paces the pty was when that was last looked up; nobody: infinitely far. */
  let pace = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;
  let pauseTimer: NodeJS.Timeout | undefined;

  return {
    attach(request) {
      const offset = startOf(request.offset);
      const viewer: LiveViewer = { request, cursor: offset, acked: offset, stalled: false, driving: false };
      live.add(viewer);
      released = log.end;
      // Later, so that the answer to the attachment goes first.
      setImmediate(() => live.has(viewer) && send(viewer));
      govern();
      return {
        offset,
        end: log.end,
        ack(acked) {
          if (acked <= viewer.acked || acked > viewer.cursor) return;
          const stalled = viewer.stalled;
          viewer.acked = acked;
          viewer.stalled = false;
          if (live.has(viewer)) send(viewer);
          // There may be hundreds of viewers, and each acknowledges: they are compared only when that can change something.
          if (stalled || (paused && log.end - acked < resumeLag)) govern();
        },
        drive(driving) {
          viewer.driving = driving;
          govern();
        },
        close() {
          if (live.delete(viewer)) govern();
        },
      };
    },
    appended() {
      if (!paused && log.end - pace > pauseLag) govern();
      if (live.size === 0) return;
      const slabs = log.end - (log.end % slabSize);
      if (slabs > released) sendTo(slabs);
      if (immediate || timer) return;
      if (performance.now() - releasedAt >= gatherMs) immediate = setImmediate(sendGathered);
      else timer = setTimeout(sendGathered, gatherMs);
    },
    flush: () => sendTo(log.end),
    release,
    close() {
      live.clear();
      clearTimeout(timer);
      clearImmediate(immediate);
      release();
    },
  };

  function startOf(offset: number | null): number {
    // An offset beyond the end is from another life of this terminal.
    if (offset === null || offset > log.end) return findReplayStart(log, replaySize);
    return offset;
  }

  function sendGathered(): void {
    timer = immediate = undefined;
    const wait = gatherMs - (performance.now() - releasedAt);
    if (wait > 0) timer = setTimeout(sendGathered, wait);
    else sendTo(log.end);
  }

  function sendTo(end: number): void {
    released = end;
    releasedAt = performance.now();
    for (const viewer of live) send(viewer);
  }

  function send(viewer: LiveViewer): void {
    if (viewer.cursor < log.start) {
      // A viewer that has not taken what it was sent gets no more, or a stalled one would pile up output gap by gap.
      if (viewer.acked < viewer.cursor) return;
      const from = viewer.cursor;
      viewer.cursor = viewer.acked = log.start;
      viewer.request.gap(from, log.start);
    }
    while (viewer.cursor < released) {
      const offset = viewer.cursor;
      const bytes = log.read(offset, released - offset);
      // Whole views only: crumbs would cost as much as full frames.
      if (offset + bytes.length - viewer.acked > windowSize) return;
      viewer.cursor += bytes.length;
      viewer.request.send(offset, bytes);
    }
  }

  /** Pauses or resumes the pty by how far the driver, or else the fastest viewer, is behind. Nobody watching: the log just rolls. */
  function govern(): void {
    const pacing = [...live].filter((viewer) => !viewer.stalled);
    const driver = pacing.find((viewer) => viewer.driving);
    pace = driver?.acked ?? pacing.reduce((most, { acked }) => Math.max(most, acked), pacing.length > 0 ? 0 : Number.POSITIVE_INFINITY);
    if (pacing.length === 0) {
      if (paused) pauseUntil(returnMs);
      return;
    }
    const lag = log.end - pace;
    if (!paused && lag > pauseLag) {
      paused = true;
      pty.pause();
      pauseUntil(longestPauseMs);
    } else if (paused && lag < resumeLag) release();
  }

  function pauseUntil(ms: number): void {
    clearTimeout(pauseTimer);
    pauseTimer = setTimeout(() => {
      const driver = [...live].find((viewer) => viewer.driving && !viewer.stalled);
      for (const viewer of driver ? [driver] : live) viewer.stalled = true;
      release();
    }, ms);
  }

  function release(): void {
    clearTimeout(pauseTimer);
    if (!paused) return;
    paused = false;
    pty.resume();
  }
}
