// What the server has told this page: runs, cluster, terminals, progress, notices.
import { type TerminalName, terminalNames } from '#lib/shared/chapter.ts';
import type { CheckReport, ExpectationReport } from '#lib/shared/check.ts';
import type { ClusterState } from '#lib/shared/cluster.ts';
import type { Notice, TerminalState } from '#lib/shared/protocol.ts';
import type { Run } from '#lib/shared/run.ts';
import { appSocket, tell } from './connection.ts';
import { createLive, useLive } from './live.ts';
import { watchWaking } from './wake.ts';

type Runs = ReadonlyMap<string, Run>;
type Terminals = Partial<Record<TerminalName, TerminalState>>;

const runs = createLive<Runs>(new Map());
const cluster = createLive<ClusterState>({ status: 'connecting' });
const terminals = createLive<Terminals>({});
const progress = createLive<ReadonlySet<string>>(new Set());
const checks = createLive<ReadonlyMap<string, CheckReport>>(new Map());
const expectations = createLive<ReadonlyMap<string, ExpectationReport>>(new Map());
const notices = createLive<readonly Notice[]>([]);
let listening = false;
let openChapter: string | null = null;

/** Opens the socket and keeps what it says. Calling it again changes nothing. */
export function startSession(): void {
  if (listening) return;
  listening = true;
  const socket = appSocket();
  socket.on('runs', (all) => runs.set(new Map(all.map((run) => [run.id, run]))));
  socket.on('run', (run) => runs.set(new Map(runs.get()).set(run.id, run)));
  socket.on('checks', (all) => checks.set(new Map(all.map((report) => [report.step, report]))));
  socket.on('check', (report) => checks.set(new Map(checks.get()).set(report.step, report)));
  socket.on('expectations', (all) => expectations.set(new Map(all.map((report) => [report.step, report]))));
  socket.on('expectation', (report) => expectations.set(new Map(expectations.get()).set(report.step, report)));
  socket.on('connect', () => openChapter !== null && socket.emit('chapter:open', openChapter));
  socket.on('cluster', (state) => cluster.set(state));
  socket.on('terminal:state', noteTerminalState);
  socket.on('progress', (steps) => progress.set(new Set(steps)));
  socket.on('notice', (notice) => notices.set([...notices.get().filter(({ id }) => id !== notice.id), notice]));
  socket.on('notice:over', dismissNotice);
  socket.connect();
  watchWaking(() => showChapter(openChapter));
}

/** The chapter that this page shows, whose checks the server keeps up to date; null: none. */
export function showChapter(slug: string | null): void {
  openChapter = slug;
  tell('chapter:open', slug);
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

/** What keeps a queued run waiting, and which other terminal could take it. */
export function useWaiting(run: Run | null): { blocker: string | null; other: TerminalName | null } {
  return findWaiting(run, useRuns(), useLive(terminals));
}

export function findWaiting(run: Run | null, all: Runs, states: Terminals): { blocker: string | null; other: TerminalName | null } {
  if (run?.status !== 'queued') return { blocker: null, other: null };
  const blocker = [...all.values()].find(({ status, terminal }) => status === 'running' && terminal === run.terminal);
  const other = terminalNames.find((name) => name !== run.terminal && (states[name]?.status ?? 'prompt') === 'prompt');
  return { blocker: blocker?.id ?? null, other: other ?? null };
}

export function useCluster(): ClusterState {
  return useLive(cluster);
}

/** Null until the server has said anything of this terminal. */
export function useTerminalState(terminal: TerminalName): TerminalState | null {
  return useLive(terminals)[terminal] ?? null;
}

/** The server's newest verdict on a step; null while there is none. */
export function useCheck(step: string): CheckReport | null {
  return useLive(checks).get(step) ?? null;
}

/** How the output of a run compares with the sample of its step; null while that is not known, and where there is no sample. */
export function useExpectation(step: string, run: string | undefined): ExpectationReport | null {
  const report = useLive(expectations).get(step);
  return report && report.run === run ? report : null;
}

/** Ids of the steps that are proven done. */
export function useProgress(): ReadonlySet<string> {
  return useLive(progress);
}

export function useNotices(): readonly Notice[] {
  return useLive(notices);
}
