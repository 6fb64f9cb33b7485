import type { Run } from '#lib/shared/run.ts';

interface Props {
  steps: string[];
  progress: ReadonlySet<string>;
  runs: ReadonlyMap<string, Run>;
}

/** One mark per step: filled when the server has proof of it. */
export function StepMarks({ steps, progress, runs }: Props) {
  const underWay = new Set([...runs.values()].filter(({ status }) => status === 'queued' || status === 'running').map(({ step }) => step));
  const done = steps.filter((id) => progress.has(id)).length;
  return (
    <span className="step-marks">
      <span className="sr-only">
        {done} of {steps.length} steps done
      </span>
      {steps.map((id) => (
        <i
          key={id}
          aria-hidden="true"
          data-state={underWay.has(id) ? 'running' : progress.has(id) ? 'done' : 'open'}
          className={underWay.has(id) ? 'pulse' : ''}
        />
      ))}
    </span>
  );
}
