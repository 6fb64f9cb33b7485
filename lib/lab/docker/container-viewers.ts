// Who watches a container: gets what its log gets, as it comes, and may type into it.
import type { Readable, Writable } from 'node:stream';
import type { ContainerLog } from './container-log.ts';
import type { RunningProcess } from './container-process.ts';
import type { OutputStream } from './stream-frames.ts';

export interface Viewer {
  output(stream: OutputStream, bytes: Buffer): void;
  /** Resolves when the viewer can take more; a slow one slows the program, as in Docker. */
  ready(): Promise<void> | null;
  end(): void;
  /** What goes to the program's standard input, if that is open. */
  input: Readable | null;
}

export interface Viewers {
  /** Answers with the function that takes the viewer away. @param stdin of the program that runs, if that is open */
  add(viewer: Viewer, stdin: Writable | null): () => void;
  /** Passes on what a new program writes, to the log too, and gives it what the viewers type. */
  connect(program: RunningProcess): void;
  /** Tells everybody that nothing more comes. */
  end(): void;
}

/** @param stdinOnce whether the end of a viewer's input is the end of the program's */
export function createViewers(log: ContainerLog, stdinOnce: boolean): Viewers {
  const viewers = new Set<Viewer>();

  function pass(stream: OutputStream, source: Readable): void {
    source.on('data', (bytes: Buffer) => {
      const waits: Promise<void>[] = log.append(stream, bytes) ? [] : [log.drained()];
      for (const viewer of viewers) {
        viewer.output(stream, bytes);
        const wait = viewer.ready();
        if (wait) waits.push(wait);
      }
      if (waits.length === 0) return;
      source.pause();
      void Promise.all(waits).then(() => source.resume());
    });
  }

  function connectInput({ input }: Viewer, stdin: Writable | null): void {
    if (stdin && input) input.pipe(stdin, { end: stdinOnce });
  }

  return {
    add(viewer, stdin) {
      viewers.add(viewer);
      connectInput(viewer, stdin);
      return () => viewers.delete(viewer);
    },
    connect({ stdout, stderr, stdin }) {
      pass('stdout', stdout);
      pass('stderr', stderr);
      for (const viewer of viewers) connectInput(viewer, stdin);
    },
    end() {
      for (const viewer of viewers) viewer.end();
      viewers.clear();
    },
  };
}
