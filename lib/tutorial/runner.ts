/** Runs steps in the learner's terminals: one after the other in each, once per click, and never unseen. */
import { randomUUID } from 'node:crypto';
import type { Step, TerminalName } from '#lib/shared/chapter.ts';
import type { RunRequest } from '#lib/shared/protocol.ts';
import { fail, type Result, succeed } from '#lib/shared/result.ts';
import { isEnded, type Run } from '#lib/shared/run.ts';
import type { Terminal } from '#lib/terminal/terminal.ts';
import { createTextWatcher, type TextWatcher } from './output-text.ts';
import { advance, type RunEvent } from './run-machine.ts';
import { substituteVariables } from './variables.ts';

export interface RunnerOptions {
  /** Opens the terminal if need be. Rejects with a sentence when it cannot be opened. */
  terminal(name: TerminalName): Promise<Terminal>;
  findStep(chapter: string, step: string): Promise<Step | null>;
  variables(): Promise<Record<string, string>>;
  /** Called with every change of every run. */
  onRun(run: Run): void;
  /** Runs of an earlier life of the app; none of them is under way. */
  earlier?: Run[];
  /** Milliseconds since 1970. */
  now?: () => number;
}

export interface Runner {
  /**
   * Starts a step or queues it behind what runs in its terminal. The same key is the same run, and a step that is queued or running is not
   * started a second time; one that is queued moves when another terminal is asked for.
   */
  start(request: RunRequest): Promise<Result<{ run: string }>>;
  /** Takes a queued run back; stops a running one with Ctrl-C, then harder. */
  stop(run: string): void;
  /** Types the answer that the step names, if its question is being asked. */
  answer(run: string): void;
  /** Every run, oldest first. */
  list(): Run[];
  close(): void;
}

/** Between Ctrl-C and TERM, between TERM and KILL, and until it is plain that nothing helps. */
const graceMs = 3000;
const unstoppable = 'It could not be stopped: the shell itself is busy with it. What became of it is not known.';
/** Runs and keys that are remembered; a click that comes later than this is a new one. */
const memory = 1000;

interface Entry {
  run: Run;
  step: Step;
  stopped: 'learner' | 'timeout' | null;
  timers: NodeJS.Timeout[];
  question: TextWatcher | null;
  until: TextWatcher | null;
  /** The learner has pressed Enter since the question; what comes next follows the answer. */
  answering: boolean;
  startedAt: number;
}

interface Lane {
  terminal: Terminal;
  queue: Entry[];
  current: Entry | null;
  off: () => void;
}

export function createRunner({ terminal: openTerminal, findStep, variables, onRun, earlier = [], now = Date.now }: RunnerOptions): Runner {
  const entries = new Map<string, Entry>();
  const clicks = new Map<string, Promise<Result<{ run: string }>>>();
  const lanes = new Map<TerminalName, Lane>();
  let closed = false;

  return {
    start(request) {
      let answer = clicks.get(request.key);
      if (!answer) {
        answer = accept(request);
        remember(clicks, request.key, answer);
        // A click that led nowhere may be tried again.
        answer.then(({ ok }) => ok || clicks.delete(request.key));
      }
      return answer;
    },
    stop(id) {
      const entry = entries.get(id);
      if (entry) stop(entry, 'learner');
    },
    answer(id) {
      const entry = entries.get(id);
      if (entry?.run.status !== 'running' || !entry.run.question) return;
      const { answer } = entry.run.question;
      change(entry, { type: 'answered' });
      lanes.get(entry.run.terminal)?.terminal.write(`${answer}\r`);
    },
    list: () => [...earlier, ...[...entries.values()].map(({ run }) => run)].slice(-memory),
    close() {
      closed = true;
      for (const lane of lanes.values()) lane.off();
      for (const entry of entries.values()) interrupt(entry, 'The app was stopped.');
    },
  };

  async function accept({ chapter, step: id, terminal: wanted }: RunRequest): Promise<Result<{ run: string }>> {
    const step = await findStep(chapter, id);
    if (!step) return fail(`There is no step "${id}" in the chapter "${chapter}". Reload the page.`);
    let terminal: Terminal;
    try {
      const filled = substituteVariables(step.command, await variables());
      if (!filled.ok) return filled;
      terminal = await openTerminal(wanted ?? step.terminal);
      await terminal.restart();
    } catch (error) {
      return fail((error as Error).message);
    }
    if (closed) return fail('The app is being stopped.');
    // From here to the end nothing waits, so that two clicks at the same moment cannot both get through.
    const active = [...entries.values()].find(({ run }) => run.chapter === chapter && run.step === id && !isEnded(run));
    const moves = active?.run.status === 'queued' && wanted !== undefined && wanted !== active.run.terminal;
    if (active && !moves) return succeed({ run: active.run.id });
    if (active) stop(active, 'learner');
    const run: Run = { id: randomUUID(), chapter, step: id, terminal: terminal.name, queuedAt: now(), status: 'queued' };
    const entry: Entry = {
      run,
      step,
      stopped: null,
      timers: [],
      question: step.question && createTextWatcher(step.question.text),
      until: step.until === null ? null : createTextWatcher(step.until),
      answering: false,
      startedAt: 0,
    };
    remember(entries, run.id, entry);
    const lane = laneOf(terminal);
    lane.queue.push(entry);
    onRun(run);
    advanceLane(lane);
    return succeed({ run: run.id });
  }

  function laneOf(terminal: Terminal): Lane {
    const known = lanes.get(terminal.name);
    if (known) return known;
    const lane: Lane = { terminal, queue: [], current: null, off: () => {} };
    lanes.set(terminal.name, lane);
    lane.off = terminal.onEvent((event) => {
      if (event.kind === 'ready') advanceLane(lane);
      else if (event.kind === 'input' && lane.current && /[\r\n]/.test(event.text)) lane.current.answering = true;
      else if (event.kind === 'exit')
        for (const entry of lane.queue.splice(0)) interrupt(entry, `${event.reason} The step was not started.`);
    });
    return lane;
  }

  /** Starts the next run of a terminal that waits at its prompt. */
  async function advanceLane(lane: Lane): Promise<void> {
    const entry = lane.queue[0];
    if (closed || lane.current || !entry || lane.terminal.state().status !== 'prompt') return;
    lane.current = entry;
    // Again, because what ran before it may have changed them.
    const filled = substituteVariables(entry.step.command, await variables().catch(() => ({})));
    lane.current = null;
    // Meanwhile it may have been cancelled, or the learner may have typed a command.
    if (lane.queue[0] !== entry || lane.terminal.state().status !== 'prompt') return void advanceLane(lane);
    lane.queue.shift();
    if (!filled.ok) {
      change(entry, { type: 'refused', at: now(), offset: lane.terminal.log.end, exitStatus: null, reason: filled.reason });
      return void advanceLane(lane);
    }
    lane.current = entry;
    execute(lane, entry, filled.value);
  }

  function execute(lane: Lane, entry: Entry, text: string): void {
    lane.terminal.execute(
      { name: entry.step.id, text },
      {
        started(from) {
          if (entry.run.status === 'running') return change(entry, { type: 'shown', from });
          entry.startedAt = performance.now();
          change(entry, { type: 'started', at: now(), from });
          const { timeout } = entry.step;
          if (timeout !== null) entry.timers.push(setTimeout(() => stop(entry, 'timeout'), timeout * 1000));
          if (entry.stopped) press(entry);
        },
        output: (_offset, bytes) => watchOutput(entry, bytes),
        ended(to, exitStatus, suspended) {
          lane.current = null;
          if (suspended) change(entry, { type: 'suspended', duration: elapsed(entry), to });
          else change(entry, { type: 'ended', duration: elapsed(entry), to, exitStatus, stopped: entry.stopped });
        },
        lost(reason, exitStatus) {
          lane.current = null;
          const offset = lane.terminal.log.end;
          if (exitStatus !== null) change(entry, { type: 'refused', at: now(), offset, exitStatus, reason });
          else interrupt(entry, reason);
        },
      },
    );
  }

  function watchOutput(entry: Entry, bytes: Buffer): void {
    if (entry.run.status !== 'running') return;
    if (entry.answering && entry.run.question) change(entry, { type: 'answered' });
    entry.answering = false;
    if (entry.question?.push(bytes)) change(entry, { type: 'asked', question: entry.step.question! });
    if (entry.until?.push(bytes)) change(entry, { type: 'reached' });
  }

  function stop(entry: Entry, by: 'learner' | 'timeout'): void {
    if (entry.stopped || isEnded(entry.run)) return;
    const lane = lanes.get(entry.run.terminal);
    const queued = lane?.queue.indexOf(entry) ?? -1;
    if (lane && queued >= 0) {
      lane.queue.splice(queued, 1);
      change(entry, { type: 'cancelled' });
    } else {
      entry.stopped = by;
      if (entry.run.status === 'running') press(entry);
    }
  }

  /** Ctrl-C, then TERM, then KILL to what is in the foreground. The shell itself is never signalled, so what it does by itself may go on. */
  function press(entry: Entry): void {
    const terminal = lanes.get(entry.run.terminal)?.terminal;
    terminal?.interrupt();
    entry.timers.push(setTimeout(() => terminal?.signal('SIGTERM'), graceMs));
    entry.timers.push(setTimeout(() => terminal?.signal('SIGKILL'), 2 * graceMs));
    entry.timers.push(setTimeout(() => terminal?.giveUp(unstoppable), 3 * graceMs));
  }

  function interrupt(entry: Entry, reason: string): void {
    const to = lanes.get(entry.run.terminal)?.terminal.log.end ?? 0;
    change(entry, { type: 'interrupted', duration: elapsed(entry), to, reason });
  }

  function change(entry: Entry, event: RunEvent): void {
    const next = advance(entry.run, event);
    if (next === entry.run) return;
    entry.run = next;
    if (isEnded(next)) for (const timer of entry.timers.splice(0)) clearTimeout(timer);
    onRun(next);
  }
}

function elapsed(entry: Entry): number {
  return Math.round(performance.now() - entry.startedAt);
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.set(key, value);
  if (map.size > memory) map.delete(map.keys().next().value!);
}
