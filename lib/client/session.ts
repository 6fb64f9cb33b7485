// What the server has told this page: runs, cluster, terminals, progress, notices.
import type { TerminalName } from '#lib/shared/chapter.ts';
import type { ClusterState } from '#lib/shared/cluster.ts';
import type { Notice, TerminalState } from '#lib/shared/protocol.ts';
import type { Run } from '#lib/shared/run.ts';
import { appSocket } from './connection.ts';
import { createLive, useLive } from './live.ts';

type Runs = ReadonlyMap<string, Run>;
type Terminals = Partial<Record<TerminalName, TerminalState>>;

const runs = createLive<Runs>(new Map());
const cluster = createLive<ClusterState>({ status: 'connecting' });
const terminals = createLive<Terminals>({});
const progress = createLive<ReadonlySet<string>>(new Set());
const notices = createLive<readonly Notice[]>([]);
let listening = false;

/** Opens the socket and keeps what it says. Calling it again changes nothing. */
export function startSession(): void {
  if (listening) return;
  listening = true;
  const socket = appSocket();
  socket.on('runs', (all) => runs.set(new Map(all.map((run) => [run.id, run]))));
  socket.on('run', (run) => runs.set(new Map(runs.get()).set(run.id, run)));
  socket.on('cluster', (state) => cluster.set(state));
  socket.on('terminal:state', noteTerminalState);
  socket.on('progress', (steps) => progress.set(new Set(steps)));
  socket.on('notice', (notice) => notices.set([...notices.get().filter(({ id }) => id !== notice.id), notice]));
  socket.on('notice:over', dismissNotice);
  socket.connect();
}

/** A terminal's state comes as an event and in the answer to an attach. */
export function noteTerminalState(state: TerminalState): void {
  terminals.set({ ...terminals.get(), [state.terminal]: state });
}

export function dismissNotice(id: string): void {
  notices.set(notices.get().filter((notice) => notice.id !== id));
}

export function useRuns(): Runs {
  return useLive(runs);
}

/** The newest run of a step, or null when it has not run in this session. */
export function useLatestRun(step: string): Run | null {
  return latestRun(useRuns(), step);
}

export function latestRun(all: Runs, step: string): Run | null {
  let latest: Run | null = null;
  for (const run of all.values()) if (run.step === step && (!latest || run.queuedAt >= latest.queuedAt)) latest = run;
  return latest;
}

export function useCluster(): ClusterState {
  return useLive(cluster);
}

/** Null until the server has said anything of this terminal. */
export function useTerminalState(terminal: TerminalName): TerminalState | null {
  return useLive(terminals)[terminal] ?? null;
}

/** Ids of the steps that are proven done. */
export function useProgress(): ReadonlySet<string> {
  return useLive(progress);
}

export function useNotices(): readonly Notice[] {
  return useLive(notices);
}
