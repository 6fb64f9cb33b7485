import { useState } from 'react';
import { AskDialog } from './ask-dialog.tsx';
import type { Paste } from './paste.ts';

interface Props {
  paste: Paste;
  /** `never`: several lines that wait for Enter are not worth asking about any more. */
  onAnswer(yes: boolean, again: 'never' | 'next-time'): void;
}

/** Shows several lines before they reach the terminal, and says what will become of them. */
export function PasteQuestion({ paste, onAnswer }: Props) {
  const [never, setNever] = useState(false);
  const lines = paste.text.trimEnd().split(/\r\n|\r|\n/).length;
  return (
    <AskDialog
      title={lines === 1 ? 'Paste a line with its Enter?' : `Paste ${lines} lines?`}
      confirm="Paste"
      onAnswer={(yes) => onAnswer(yes, never ? 'never' : 'next-time')}
    >
      {paste.ask === 'runs' ? (
        <p>What runs in this terminal takes each line as soon as it comes, as if you had pressed Enter after it.</p>
      ) : (
        <p>The shell shows them at its prompt, and runs all of them when you press Enter.</p>
      )}
      <pre>{paste.text}</pre>
      {paste.ask === 'waits' && (
        <label className="ask-again">
          <input type="checkbox" checked={never} onChange={(event) => setNever(event.target.checked)} />
          Do not ask again where nothing runs before Enter
        </label>
      )}
    </AskDialog>
  );
}
