import { useEffect, useState } from 'react';
import { ReaderIcon, ResetIcon, SearchIcon } from '../icons.tsx';
import { isMac, nameKeys } from './keys.ts';

interface Props {
  terminal: string;
  /** What has just happened here, counted so that the same may happen twice. */
  news: { count: number; text: string };
  /** Whether this window types here; one that looks on resets nothing. */
  driving: boolean;
  readerOn: boolean;
  onSearch(): void;
  onReset(): void;
  onReader(): void;
}

/** The keys of the terminal where they are needed, and the same by button. */
export function TerminalFoot({ terminal, news, driving, readerOn, onSearch, onReset, onReader }: Props) {
  const fresh = useJustNow(news.count);
  const [keys, setKeys] = useState(nameKeys(false));
  useEffect(() => setKeys(nameKeys(isMac())), []);
  return (
    <footer className="terminal-foot">
      <p className="terminal-keys">
        {fresh ? news.text : 'Select to copy'}
        {!fresh && <span className="terminal-shortcuts">{`, or ${keys.copy} · ${keys.paste} pastes`}</span>}
        <span className="sr-only" aria-live="polite">
          {fresh && news.text}
        </span>
      </p>
      <button type="button" className="button button-quiet" onClick={onSearch} title={`Search (${keys.search})`}>
        <SearchIcon /> <span className="sr-only">Search in {terminal}</span>
      </button>
      <button
        type="button"
        className="button button-quiet"
        onClick={onReset}
        disabled={!driving}
        title={`Reset the terminal after garbled output (${keys.reset})`}
      >
        <ResetIcon /> <span className="sr-only">Reset the terminal {terminal}</span>
      </button>
      <button type="button" className="button button-quiet" aria-pressed={readerOn} title="Screen reader mode" onClick={onReader}>
        <ReaderIcon /> <span className="sr-only">Screen reader mode</span>
      </button>
    </footer>
  );
}

/** True for a moment after each change of the count. */
function useJustNow(count: number): boolean {
  const [now, setNow] = useState(false);
  useEffect(() => {
    if (count === 0) return;
    setNow(true);
    const timer = setTimeout(() => setNow(false), 2000);
    return () => clearTimeout(timer);
  }, [count]);
  return now;
}
