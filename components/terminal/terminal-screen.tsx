'use client';

import '@xterm/xterm/css/xterm.css';
import { useEffect, useRef, useState } from 'react';
import { tell } from '#lib/client/connection.ts';
import { useTerminalState } from '#lib/client/session.ts';
import { useStored } from '#lib/client/stored.ts';
import type { TerminalName } from '#lib/shared/chapter.ts';
import { ReaderIcon, SearchIcon } from '../icons.tsx';
import { AskDialog } from './ask-dialog.tsx';
import { openLink } from './open-terminal.ts';
import { SearchBox } from './search-box.tsx';
import { useTerminal } from './use-terminal.ts';

export function TerminalScreen({ name }: { name: TerminalName }) {
  const element = useRef<HTMLDivElement>(null);
  const state = useTerminalState(name);
  const [searching, setSearching] = useState(false);
  const [pasting, setPasting] = useState<string | null>(null);
  const [link, setLink] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [driving, setDriving] = useState(true);
  const [copies, setCopies] = useState(0);
  const [reader, setReader] = useStored('screen-reader', 'off');
  const opened = useTerminal(name, element, {
    searchWanted: () => setSearching(true),
    copied: () => setCopies((count) => count + 1),
    refused: setRefusal,
    drive: setDriving,
    askPaste: setPasting,
    askLink: setLink,
  });
  const justCopied = useJustNow(copies);

  useEffect(() => {
    if (opened) opened.terminal.options.screenReaderMode = reader === 'on';
  }, [opened, reader]);

  const { cols, rows } = state?.size ?? {};
  useEffect(() => {
    opened?.follow(driving || !cols || !rows ? null : { cols, rows });
  }, [opened, driving, cols, rows]);

  const focus = () => opened?.terminal.focus();

  return (
    <div className="terminal" data-terminal={name} data-terminal-status={state?.status ?? 'starting'} data-driving={driving}>
      {/* The emulator fits itself to this box, so the box has no padding of its own. */}
      <div className="terminal-frame">
        <div ref={element} className="terminal-box" />
      </div>
      {searching && opened && (
        <SearchBox
          load={opened.search}
          onClose={() => {
            setSearching(false);
            focus();
          }}
        />
      )}
      {refusal && (
        <p className="terminal-message" role="alert">
          {refusal}
        </p>
      )}
      {!driving && (
        <div className="terminal-message" role="status">
          <span>Another window types in this terminal; you are looking on.</span>
          <button
            type="button"
            className="button button-run"
            onClick={() => {
              tell('terminal:take-over', name);
              focus();
            }}
          >
            Take over
          </button>
        </div>
      )}
      {driving && state?.status === 'exited' && (
        <div className="terminal-message" role="status">
          <span>This shell has ended. A new one opens in the same directory.</span>
          <button
            type="button"
            className="button button-run"
            onClick={() => {
              tell('terminal:restart', name);
              focus();
            }}
          >
            New shell
          </button>
        </div>
      )}
      <footer className="terminal-foot">
        <span className="terminal-keys" aria-live="polite">
          {justCopied ? 'Copied' : 'Select to copy · Ctrl+Shift+V pastes'}
        </span>
        <button type="button" className="button button-quiet" onClick={() => setSearching(true)} title="Search (Ctrl+Shift+F)">
          <SearchIcon /> <span className="sr-only">Search in {name}</span>
        </button>
        <button
          type="button"
          className="button button-quiet"
          aria-pressed={reader === 'on'}
          title="Screen reader mode"
          onClick={() => setReader(reader === 'on' ? 'off' : 'on')}
        >
          <ReaderIcon /> <span className="sr-only">Screen reader mode</span>
        </button>
      </footer>
      {pasting !== null && (
        <AskDialog
          title="Paste several lines?"
          confirm="Paste"
          onAnswer={(yes) => {
            if (yes) opened?.terminal.paste(pasting);
            setPasting(null);
            focus();
          }}
        >
          <p>What runs in this terminal takes each line as soon as it comes, as if you had pressed Enter after it.</p>
          <pre>{pasting}</pre>
        </AskDialog>
      )}
      {link !== null && (
        <AskDialog
          title="Open this address?"
          confirm="Open"
          onAnswer={(yes) => {
            if (yes) openLink(link);
            setLink(null);
            focus();
          }}
        >
          <p>A program printed this link. It leads to</p>
          <pre>{link}</pre>
        </AskDialog>
      )}
    </div>
  );
}

/** True for a moment after each change of the count. */
function useJustNow(count: number): boolean {
  const [now, setNow] = useState(false);
  useEffect(() => {
    if (count === 0) return;
    setNow(true);
    const timer = setTimeout(() => setNow(false), 1500);
    return () => clearTimeout(timer);
  }, [count]);
  return now;
}
