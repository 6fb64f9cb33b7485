/** Sends a terminal's log to those who watch it, each at its own pace, and paces the pty by its driver, or else by the fastest. */
import { findReplayStart, type OutputLog } from './output-log.ts';

/** Sent but not acknowledged, per viewer: enough to keep the line busy, little enough to stay responsive. */
const windowSize = 256 * 1024;
const largestFrame = 64 * 1024;
/** A quiet line sends at once; under load output is gathered this long, or until a frame is full. */
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
  /** Ends every pause, for the pty is gone. */
  release(): void;
  close(): void;
}

export function createViewers(log: OutputLog, pty: { pause(): void; resume(): void }): Viewers {
  const live = new Set<LiveViewer>();
  let paused = false;
  let flushedAt = 0;
  let flushedEnd = 0;
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;
  let pauseTimer: NodeJS.Timeout | undefined;

  return {
    attach(request) {
      const offset = startOf(request.offset);
      const viewer: LiveViewer = { request, cursor: offset, acked: offset, stalled: false, driving: false };
      live.add(viewer);
      // Later, so that the answer to the attachment goes first.
      setImmediate(() => live.has(viewer) && send(viewer));
      govern();
      return {
        offset,
        end: log.end,
        ack(acked) {
          if (acked <= viewer.acked || acked > viewer.cursor) return;
          viewer.acked = acked;
          viewer.stalled = false;
          if (live.has(viewer)) send(viewer);
          govern();
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
      govern();
      if (live.size === 0) return;
      if (timer && log.end - flushedEnd >= largestFrame) return flush();
      if (timer || immediate) return;
      const quiet = performance.now() - flushedAt;
      if (quiet >= gatherMs) immediate = setImmediate(flush);
      else timer = setTimeout(flush, gatherMs - quiet);
    },
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

  function flush(): void {
    clearTimeout(timer);
    clearImmediate(immediate);
    timer = immediate = undefined;
    flushedAt = performance.now();
    flushedEnd = log.end;
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
    while (viewer.cursor < log.end) {
      const room = windowSize - (viewer.cursor - viewer.acked);
      if (room <= 0) return;
      const offset = viewer.cursor;
      const bytes = log.read(offset, Math.min(room, largestFrame));
      viewer.cursor += bytes.length;
      viewer.request.send(offset, bytes);
    }
  }

  /** Pauses or resumes the pty by how far the driver, or else the fastest viewer, is behind. Nobody watching: the log just rolls. */
  function govern(): void {
    const pacing = [...live].filter((viewer) => !viewer.stalled);
    if (pacing.length === 0) {
      if (paused) pauseUntil(returnMs);
      return;
    }
    const driver = pacing.find((viewer) => viewer.driving);
    const lag = log.end - (driver?.acked ?? Math.max(...pacing.map((viewer) => viewer.acked)));
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
