/** What is on a terminal's screen: a full-screen program draws only what changes, so who has missed its start cannot go on from the log. */
import type { TerminalSize } from '#lib/shared/protocol.ts';
import type { OutputLog } from './output-log.ts';
import { isAlternate, trackModes } from './screen-modes.ts';
import { type ScreenSnapshot, type SizeChange, takeSnapshot } from './screen-snapshot.ts';
import type { Viewer, ViewerRequest, Viewers } from './viewer.ts';

export interface Screen {
  /** To be called after each append, before the viewers get it. */
  printed(bytes: Buffer): void;
  resized(size: TerminalSize): void;
  /** Null while no full-screen program has it. */
  take(): Promise<ScreenSnapshot | null>;
  /** A viewer that begins with the snapshot, if there is one, and that gets a new one when it falls behind a full-screen program. */
  attach(request: ViewerRequest, snapshot: ScreenSnapshot | null): Viewer;
}

/** @param size the screen's where the log ends now */
export function createScreen(log: OutputLog, viewers: Viewers, size: TerminalSize): Screen {
  const modes = trackModes(log.end);
  let sizes: SizeChange[] = [{ offset: log.end, size }];
  const isTaken = () => isAlternate(modes.current());

  return {
    printed: modes.push,
    resized(next) {
      // What lies before the log's first byte is never drawn again.
      const first = sizes.findLastIndex(({ offset }) => offset <= log.start);
      sizes = [...sizes.slice(Math.max(0, first)), { offset: log.end, size: next }];
    },
    take: async () => (isTaken() ? takeSnapshot(log, modes, sizes) : null),
    attach(request, snapshot) {
      let open = true;
      let driving = false;
      let viewer = start(snapshot);
      return {
        offset: snapshot ? snapshot.at - snapshot.bytes.length : viewer.offset,
        end: viewer.end,
        ack: (offset) => viewer.ack(offset),
        drive(drives) {
          driving = drives;
          viewer.drive(drives);
        },
        close() {
          open = false;
          viewer.close();
        },
      };

      function start(from: ScreenSnapshot | null): Viewer {
        let current = true;
        // Later, as what the viewer sends: the answer to the attachment goes first.
        if (from) setImmediate(() => open && request.send(from.at - from.bytes.length, from.bytes));
        const started = viewers.attach({
          ...request,
          offset: from?.at ?? request.offset,
          send: (offset, bytes) => current && request.send(offset, bytes),
          gap(gone, to) {
            if (!current) return;
            if (!isTaken()) return request.gap(gone, to);
            current = false;
            started.close();
            void takeSnapshot(log, modes, sizes).then((again) => {
              if (!open) return;
              viewer = start(again);
              viewer.drive(driving);
            });
          },
        });
        return started;
      }
    },
  };
}
