import type { SearchAddon } from '@xterm/addon-search';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { CrossIcon } from '../icons.tsx';

/** Finds text in the terminal's scrollback: Enter goes up, Shift+Enter down, Escape leaves. */
export function SearchBox({ load, onClose }: { load(): Promise<SearchAddon>; onClose(): void }) {
  const input = useRef<HTMLInputElement>(null);
  const [found, setFound] = useState(true);
  useEffect(() => {
    input.current?.focus();
  }, []);

  async function find(direction: 'up' | 'down', incremental: boolean) {
    const search = await load();
    const text = input.current?.value ?? '';
    if (!text) return setFound(true);
    setFound(direction === 'up' ? search.findPrevious(text, { incremental }) : search.findNext(text, { incremental }));
  }

  function press(event: KeyboardEvent) {
    if (event.key === 'Escape') onClose();
    if (event.key === 'Enter') find(event.shiftKey ? 'down' : 'up', false);
  }

  return (
    <search className="terminal-search appear">
      <input
        ref={input}
        type="text"
        aria-label="Search in the terminal"
        placeholder="Search"
        onChange={() => find('up', true)}
        onKeyDown={press}
      />
      <span aria-live="polite">{found ? '' : 'Not found'}</span>
      <button type="button" className="button button-quiet" aria-label="Close the search" onClick={onClose}>
        <CrossIcon />
      </button>
    </search>
  );
}
