'use client';

import { useEffect, useState } from 'react';
import { cleanText } from '#lib/client/clean-text.ts';
import { CheckIcon, CopyIcon } from './icons.tsx';

interface Props {
  text: string;
  /** What is copied, for people who do not see it: “Copy the command”. */
  label: string;
}

export function CopyButton({ text, label }: Props) {
  const [outcome, setOutcome] = useState<'copied' | 'refused' | null>(null);
  useEffect(() => {
    if (!outcome) return;
    const timer = setTimeout(() => setOutcome(null), 2000);
    return () => clearTimeout(timer);
  }, [outcome]);

  async function copy() {
    try {
      await navigator.clipboard.writeText(cleanText(text));
      setOutcome('copied');
    } catch {
      setOutcome('refused'); // the browser forbids it; the text can still be selected
    }
  }

  return (
    <button type="button" className="button button-quiet" onClick={copy} aria-label={label} title={label}>
      {outcome === 'copied' ? <CheckIcon /> : <CopyIcon />}
      <span aria-live="polite">{outcome === 'copied' ? 'Copied' : outcome === 'refused' ? 'Select it by hand' : 'Copy'}</span>
    </button>
  );
}
