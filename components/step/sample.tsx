import type { DiffLine, ExpectationReport } from '#lib/shared/check.ts';

interface Props {
  sample: string;
  /** How the newest run compares with it; null while that is not known. */
  comparison: ExpectationReport | null;
}

const signs: Record<DiffLine['kind'], string> = { same: ' ', missing: '−', extra: '+', skipped: ' ' };
const spoken: Partial<Record<DiffLine['kind'], string>> = { missing: 'Only in the sample: ', extra: 'Only in the output: ' };

/** The sample output; after a run that printed something else, what the difference is. That is no error: versions and paths vary. */
export function Sample({ sample, comparison }: Props) {
  const differs = comparison?.matched === false;
  return (
    <details className="step-expect">
      <summary>
        What to expect
        {comparison && <span className="step-expect-verdict">{differs ? 'differs from the sample' : 'as in the sample'}</span>}
      </summary>
      <pre>{sample.replace(/\n$/, '')}</pre>
      {differs && (
        <div className="step-diff">
          <p>What was printed differs from it. That alone is no error.</p>
          <ul>
            {comparison.lines.map(({ kind, text }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines of a fixed text have no other identity
              <li key={index} data-kind={kind}>
                <span aria-hidden="true">{signs[kind]} </span>
                {spoken[kind] && <span className="sr-only">{spoken[kind]}</span>}
                {text}
              </li>
            ))}
          </ul>
        </div>
      )}
    </details>
  );
}
