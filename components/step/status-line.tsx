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
  onStop(run: string): void;
  onShow(): void;
}

export function StatusLine({ run, unproven, now, connected, onStop, onShow }: Props) {
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
      <button type="button" className="button button-quiet" onClick={onShow}>
        Show in {run.terminal}
      </button>
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
