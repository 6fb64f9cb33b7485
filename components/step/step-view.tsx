// A step as it looks for what is known of it; everything it shows comes in as props.
import type { Step, TerminalName } from '#lib/shared/chapter.ts';
import type { CheckReport, ExpectationReport } from '#lib/shared/check.ts';
import type { Run } from '#lib/shared/run.ts';
import { CopyButton } from '../copy-button.tsx';
import { CheckIcon, RunIcon, TerminalIcon } from '../icons.tsx';
import { InlineCode } from '../inline-code.tsx';
import { describeCheck, isUnproven } from './check-label.ts';
import { CheckLine } from './check-line.tsx';
import { CommandText } from './command-text.tsx';
import { QuestionBox } from './question-box.tsx';
import { Sample } from './sample.tsx';
import { StatusLine, type Waiting } from './status-line.tsx';

export interface RequiredStep {
  id: string;
  title: string;
  href: string;
}

export interface StepViewProps {
  step: Step;
  /** The newest run, as the server reports it. */
  run: Run | null;
  /** The server has proof that this step is done. */
  proven: boolean;
  /** What its check says now. */
  check: CheckReport | null;
  /** How the run's output compares with the sample. */
  comparison: ExpectationReport | null;
  /** Required steps that are not proven. */
  missing: RequiredStep[];
  /** A click is on its way to the server. */
  asking: boolean;
  /** Why the server refused the last click. */
  refusal: string | null;
  /** Whether a click can reach the server now. */
  connected: boolean;
  terminalStatus: 'starting' | 'prompt' | 'busy' | 'exited' | null;
  /** What a queued run may do instead of waiting. */
  waiting: Waiting;
  now: number;
  onRun(): void;
  /** Runs the queued step in another terminal. */
  onMove(terminal: TerminalName): void;
  onStop(run: string): void;
  onAnswer(run: string): void;
  onShow(): void;
}

export function StepView(props: StepViewProps) {
  const { step, run, proven, check, comparison, missing, asking, refusal, connected, terminalStatus, now } = props;
  const underWay = run?.status === 'queued' || run?.status === 'running';
  const verdict = describeCheck(check, run, proven);
  /** Done once, and undone since. */
  const past = proven && check?.status === 'failed';
  const canRun = connected && !asking && terminalStatus !== 'exited';
  return (
    <section
      className="step"
      id={step.id}
      data-step={step.id}
      data-status={run?.status ?? 'idle'}
      data-check={check?.status}
      aria-labelledby={`app-title-${step.id}`}
    >
      <header className="step-head">
        <span className="step-mark" data-proven={past ? 'past' : proven}>
          {proven ? <CheckIcon /> : <TerminalIcon />}
        </span>
        <p id={`app-title-${step.id}`} className="step-title">
          {step.title}
          {proven && <span className="sr-only"> ({past ? 'done before' : 'done'})</span>}
        </p>
        <div className="step-actions">
          <CopyButton text={step.command} label={`Copy the command of “${step.title}”`} />
          {!underWay && (
            <button
              type="button"
              className="button button-run"
              onClick={props.onRun}
              disabled={!canRun}
              aria-busy={asking}
              aria-describedby={`app-title-${step.id}`}
            >
              <RunIcon />
              {run || proven ? 'Run again in' : 'Run in'} {step.terminal}
            </button>
          )}
        </div>
      </header>
      <pre className="step-command">
        <code>
          <CommandText text={step.command} />
        </code>
      </pre>
      {run && (
        <StatusLine
          run={run}
          unproven={isUnproven(check, run)}
          now={now}
          connected={connected}
          waiting={props.waiting}
          onStop={props.onStop}
          onShow={props.onShow}
          onMove={props.onMove}
        />
      )}
      {verdict && <CheckLine label={verdict} terminal={step.terminal} enabled={canRun} onRun={props.onRun} />}
      {run?.status === 'running' && run.question && (
        <QuestionBox
          question={run.question}
          terminal={run.terminal}
          connected={connected}
          onAnswer={() => props.onAnswer(run.id)}
          onShow={props.onShow}
        />
      )}
      {refusal && (
        <p className="step-note" data-tone="bad" role="alert">
          <InlineCode text={refusal} />
        </p>
      )}
      {!underWay && terminalStatus === 'exited' && (
        <p className="step-note">Its shell has ended. Open a new one in the terminal “{step.terminal}” to run this step.</p>
      )}
      {!run && !proven && missing.length > 0 && (
        <p className="step-note">
          Comes after{' '}
          {missing.map(({ id, title, href }, index) => (
            <span key={id}>
              {index > 0 && ', '}
              <a href={href}>{title}</a>
            </span>
          ))}
          .
        </p>
      )}
      {step.expect && <Sample sample={step.expect} comparison={comparison} />}
    </section>
  );
}
