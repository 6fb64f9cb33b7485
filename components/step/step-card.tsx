'use client';

import { useEffect, useRef, useState } from 'react';
import { announce } from '#lib/client/announcements.ts';
import { useNow } from '#lib/client/clock.ts';
import { tell, useConnection } from '#lib/client/connection.ts';
import { showPanel } from '#lib/client/panel.ts';
import { useCheck, useExpectation, useLatestRun, useProgress, useRuns, useTerminalState, useWaiting } from '#lib/client/session.ts';
import type { Step, TerminalName } from '#lib/shared/chapter.ts';
import type { CheckReport } from '#lib/shared/check.ts';
import type { RunRequest } from '#lib/shared/protocol.ts';
import type { Result } from '#lib/shared/result.ts';
import type { Run } from '#lib/shared/run.ts';
import { announceCheck } from './check-label.ts';
import { goToTerminal } from './go-to-terminal.ts';
import { announceRun } from './run-label.ts';
import { type RequiredStep, StepView } from './step-view.tsx';

export type StartRun = (request: RunRequest) => Promise<Result<{ run: string }>>;

/** How long the button waits for news of a run that the server has accepted. */
const patienceMs = 3000;

interface Props {
  chapter: string;
  step: Step;
  required: RequiredStep[];
  startRun: StartRun;
}

export function StepCard({ chapter, step, required, startRun }: Props) {
  const run = useLatestRun(step.id);
  const check = useCheck(step.id);
  const comparison = useExpectation(step.id, run?.id);
  const progress = useProgress();
  const connection = useConnection();
  const terminal = useTerminalState(step.terminal);
  const now = useNow(run?.status === 'running', 500);
  const waiting = useWaiting(run);
  const { ask, asking, refusal } = useAsking(chapter, step, startRun);
  useRunAnnouncements(step.title, run);
  useCheckAnnouncements(step.title, check, run);

  return (
    <StepView
      step={step}
      run={run}
      proven={progress.has(step.id)}
      check={check}
      comparison={comparison}
      missing={required.filter(({ id }) => step.requires.includes(id) && !progress.has(id))}
      asking={asking}
      refusal={refusal}
      connected={connection.status === 'connected'}
      terminalStatus={terminal?.status ?? null}
      waiting={waiting}
      now={now}
      onRun={() => ask()}
      onMove={ask}
      onStop={(id) => tell('run:stop', id)}
      onAnswer={(id) => tell('run:answer', id)}
      onShow={() => goToTerminal(run?.terminal ?? step.terminal)}
    />
  );
}

/** One click, one key, one request: until the server has answered and told of the run, further clicks do nothing. */
function useAsking(chapter: string, step: Step, startRun: StartRun) {
  const underWay = useRef(false);
  const [asking, setAsking] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  /** The run that the server named in its answer; the socket tells of it a moment earlier or later. */
  const [expected, setExpected] = useState<string | null>(null);
  const told = useRuns().has(expected ?? '');
  useEffect(() => {
    if (expected === null) return;
    const timer = setTimeout(() => setExpected(null), told ? 0 : patienceMs);
    return () => clearTimeout(timer);
  }, [expected, told]);

  async function ask(terminal?: TerminalName) {
    if (underWay.current) return;
    underWay.current = true;
    setAsking(true);
    setRefusal(null);
    showPanel(terminal ?? step.terminal);
    try {
      const result = await startRun({ chapter, step: step.id, key: crypto.randomUUID(), ...(terminal && { terminal }) });
      if (result.ok) setExpected(result.value.run);
      else setRefusal(result.reason);
    } catch {
      setRefusal('The app did not answer. Reload the page and try again; if that does not help, start the app with `npm start`.');
    } finally {
      underWay.current = false;
      setAsking(false);
    }
  }

  return { ask, asking: asking || expected !== null, refusal };
}

function useRunAnnouncements(title: string, run: Run | null) {
  /** What was known before: a run that was over when the page heard of it is no news. */
  const before = useRef<Run | null>(null);
  useEffect(() => {
    const known = before.current;
    before.current = run;
    if (!run || known?.id !== run.id) return;
    const text = announceRun(title, run);
    if (text && text !== announceRun(title, known)) announce(text);
  }, [run, title]);
}

/** Verdicts on what this page saw being checked, not those that it found when it opened. */
function useCheckAnnouncements(title: string, check: CheckReport | null, run: Run | null) {
  const before = useRef(check);
  useEffect(() => {
    const known = before.current;
    before.current = check;
    if (!check || known === null || known.status === check.status) return;
    const text = announceCheck(title, check, run);
    if (text) announce(text);
  }, [check, run, title]);
}
