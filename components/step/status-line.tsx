import type { TerminalName } from '#lib/shared/chapter.ts';
import type { Run } from '#lib/shared/run.ts';
import { CheckIcon, CrossIcon, StopIcon } from '../icons.tsx';
import { InlineCode } from '../inline-code.tsx';
import { describeRun, type RunLabel } from './run-label.ts';

interface Props {
  run: Run;
  /** Its exit status says success, its check does not. */
  unproven: boolean;
  now: number;
  connected: boolean;
  /** What else a queued run may do than wait. */
  waiting: Waiting;
  onStop(run: string): void;
  onShow(): void;
  onMove(terminal: TerminalName): void;
}

export interface Waiting {
  /** The run that keeps its terminal busy; null: the learner's own command does. */
  blocker: string | null;
  /** A terminal that is at its prompt. */
  other: TerminalName | null;
}

export function StatusLine({ run, unproven, now, connected, waiting, onStop, onShow, onMove }: Props) {
  const label = describeRun(run, now, unproven);
  const underWay = run.status === 'queued' || run.status === 'running';
  return (
    <div className="step-status" data-tone={label.tone}>
      <span className="step-status-sign">
        <Sign tone={label.tone} />
      </span>
      <p className="step-status-text">
        {label.text}
        {underWay && !connected && ' (as of the last message; reconnecting)'}
        {label.reason && (
          <span className="step-reason">
            <InlineCode text={label.reason} />
          </span>
        )}
      </p>
      {run.status === 'queued' && waiting.other && (
        <button type="button" className="button button-quiet" onClick={() => onMove(waiting.other!)} disabled={!connected}>
          Run in {waiting.other} instead
        </button>
      )}
      {run.status === 'queued' && waiting.blocker ? (
        <button type="button" className="button button-quiet" onClick={() => onStop(waiting.blocker!)} disabled={!connected}>
          Stop what runs there
        </button>
      ) : (
        <button type="button" className="button button-quiet" onClick={onShow}>
          Show in {run.terminal}
        </button>
      )}
      {underWay && (
        <button type="button" className="button button-stop" onClick={() => onStop(run.id)} disabled={!connected}>
          <StopIcon />
          {run.status === 'queued' ? 'Take out' : 'Stop'}
        </button>
      )}
    </div>
  );
}

function Sign({ tone }: { tone: RunLabel['tone'] }) {
  if (tone === 'good') return <CheckIcon />;
  if (tone === 'bad') return <CrossIcon />;
  return <span className={tone === 'active' ? 'dot pulse' : 'dot'} />;
}
