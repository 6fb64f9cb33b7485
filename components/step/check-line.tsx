import { CheckIcon, CrossIcon } from '../icons.tsx';
import { InlineCode } from '../inline-code.tsx';
import type { CheckLabel } from './check-label.ts';

interface Props {
  label: CheckLabel;
  terminal: string;
  /** Whether a click on the fix can do something now. */
  enabled: boolean;
  onRun(): void;
}

/** What the check found; where it fails, why that may be, and the step itself as the fix. */
export function CheckLine({ label, terminal, enabled, onRun }: Props) {
  return (
    <div className="step-status step-check" data-tone={label.tone}>
      <span className="step-status-sign">
        {label.tone === 'good' && <CheckIcon />}
        {label.tone === 'bad' && <CrossIcon />}
        {label.tone === 'waiting' && <span className="dot pulse" />}
        {label.tone === 'neutral' && <span className="dot" />}
      </span>
      <p className="step-status-text">
        {label.text}
        {label.hint && (
          <span className="step-reason">
            <InlineCode text={label.hint} />
          </span>
        )}
      </p>
      {label.fix && (
        <button type="button" className="button button-quiet" onClick={onRun} disabled={!enabled}>
          {label.fix} <span className="sr-only">in {terminal}</span>
        </button>
      )}
    </div>
  );
}
