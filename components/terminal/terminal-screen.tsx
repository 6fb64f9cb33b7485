'use client';

import '@xterm/xterm/css/xterm.css';
import { useEffect, useRef, useState } from 'react';
import { tell } from '#lib/client/connection.ts';
import { useTerminalState } from '#lib/client/session.ts';
import { useStored } from '#lib/client/stored.ts';
import type { TerminalName } from '#lib/shared/chapter.ts';
import { AskDialog } from './ask-dialog.tsx';
import { openLink } from './open-terminal.ts';
import { type Paste, readPaste } from './paste.ts';
import { PasteQuestion } from './paste-question.tsx';
import { SearchBox } from './search-box.tsx';
import { TerminalFoot } from './terminal-foot.tsx';
import { useTerminal } from './use-terminal.ts';

export function TerminalScreen({ name }: { name: TerminalName }) {
  const element = useRef<HTMLDivElement>(null);
  const state = useTerminalState(name);
  const [searching, setSearching] = useState(false);
  const [pasting, setPasting] = useState<Paste | null>(null);
  const [link, setLink] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [driving, setDriving] = useState(true);
  const [news, setNews] = useState({ count: 0, text: '' });
  const [reader, setReader] = useStored('screen-reader', 'off');
  const [pasteQuestion, setPasteQuestion] = useStored('paste-question', 'on');
  const opened = useTerminal(name, element, {
    searchWanted: () => setSearching(true),
    resetWanted: reset,
    copied: () => tellNews('Copied'),
    refused: setRefusal,
    drive: setDriving,
    pasted,
    askLink: setLink,
  });

  useEffect(() => {
    if (opened) opened.terminal.options.screenReaderMode = reader === 'on';
  }, [opened, reader]);

  const { cols, rows } = state?.size ?? {};
  useEffect(() => {
    opened?.follow(driving || !cols || !rows ? null : { cols, rows });
  }, [opened, driving, cols, rows]);

  const focus = () => opened?.terminal.focus();

  function tellNews(text: string) {
    setNews(({ count }) => ({ count: count + 1, text }));
  }

  function reset() {
    tell('terminal:reset', name);
    focus();
  }

  function pasted(text: string) {
    if (!opened || !driving) return;
    const paste = readPaste(text, { bracketed: opened.terminal.modes.bracketedPasteMode, atPrompt: state?.status === 'prompt' });
    if (paste.ask === 'runs' || (paste.ask === 'waits' && pasteQuestion === 'on')) setPasting(paste);
    else put(paste);
  }

  function put({ text, promptsTaken }: Paste) {
    if (text) opened?.terminal.paste(text);
    if (promptsTaken) tellNews('Pasted without the prompt sign “$”');
  }

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
      <TerminalFoot
        terminal={name}
        news={news}
        driving={driving}
        readerOn={reader === 'on'}
        onSearch={() => setSearching(true)}
        onReset={reset}
        onReader={() => setReader(reader === 'on' ? 'off' : 'on')}
      />
      {pasting && (
        <PasteQuestion
          paste={pasting}
          onAnswer={(yes, again) => {
            if (yes) put(pasting);
            if (yes && again === 'never') setPasteQuestion('off');
            setPasting(null);
            focus();
          }}
        />
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
