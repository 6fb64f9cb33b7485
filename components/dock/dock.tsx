'use client';

import { type KeyboardEvent, type ReactNode, useSyncExternalStore } from 'react';
import { closeSheet, type Panel, showPanel, useFront } from '#lib/client/panel.ts';
import { useTerminalState } from '#lib/client/session.ts';
import { type TerminalName, terminalNames } from '#lib/shared/chapter.ts';
import { ChevronIcon, GlobeIcon, TerminalIcon } from '../icons.tsx';
import { TerminalPane } from '../terminal/terminal-pane.tsx';
import { ClusterLine } from './cluster-line.tsx';
import { Preview } from './preview.tsx';
import { Splitter } from './splitter.tsx';

/** Below this width the dock is a sheet at the bottom; the style sheet has the same figure. */
const wide = '(min-width: 60rem)';

export function Dock({ previewUrl }: { previewUrl: string }) {
  const front = useFront();
  const isWide = useWide();
  const panel: Panel = isWide ? front.terminal : front.panel;
  const panels: Panel[] = isWide ? [...terminalNames] : [...terminalNames, 'browser'];

  function move(event: KeyboardEvent) {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = panels[(panels.indexOf(panel) + step + panels.length) % panels.length];
    if (!next) return;
    showPanel(next);
    document.getElementById(`app-tab-${next}`)?.focus();
  }

  return (
    <aside id="app-dock" className="dock" aria-label="Terminals and preview" data-open={front.sheetOpen} data-panel={panel}>
      <Splitter
        name="dock-width"
        label="Width of terminals and preview"
        axis="x"
        unit="vw"
        initial={42}
        limits={{ min: 25, max: 65 }}
        controls="app-dock"
        within="window"
      />
      <Splitter
        name="sheet-height"
        label="Height of terminals and preview"
        axis="y"
        unit="dvh"
        initial={62}
        limits={{ min: 25, max: 90 }}
        controls="app-dock"
        within="window"
      />
      <div className="dock-tabs">
        <div role="tablist" aria-label="Terminals and preview" onKeyDown={move} className="flex min-w-0 flex-1">
          {terminalNames.map((name) => (
            <TerminalTab key={name} name={name} selected={panel === name} />
          ))}
          <Tab panel="browser" selected={panel === 'browser'}>
            <GlobeIcon /> browser
          </Tab>
        </div>
        <button
          type="button"
          className="dock-toggle"
          aria-expanded={front.sheetOpen}
          aria-label={front.sheetOpen ? 'Close the sheet' : 'Open the sheet'}
          onClick={() => (front.sheetOpen ? closeSheet() : showPanel(front.panel, 'open'))}
        >
          <ChevronIcon />
        </button>
      </div>
      <div className="dock-panes">
        <div className="dock-terminals">
          {terminalNames.map((name) => (
            <div
              key={name}
              role="tabpanel"
              id={`app-panel-${name}`}
              aria-labelledby={`app-tab-${name}`}
              className="dock-terminal"
              hidden={front.terminal !== name}
            >
              <TerminalPane name={name} shown={front.terminal === name} />
            </div>
          ))}
        </div>
        <Splitter
          name="preview-height"
          label="Height of the preview"
          axis="y"
          unit="%"
          initial={38}
          limits={{ min: 10, max: 80 }}
          controls="app-panel-browser"
          within="parent"
        />
        <div className="dock-browser" id="app-panel-browser">
          <Preview url={previewUrl} />
        </div>
      </div>
      <ClusterLine />
    </aside>
  );
}

function TerminalTab({ name, selected }: { name: TerminalName; selected: boolean }) {
  const state = useTerminalState(name);
  return (
    <Tab panel={name} selected={selected}>
      {state?.status === 'busy' ? <span className="dot pulse" title="Something runs here" /> : <TerminalIcon />}
      {name}
      {state?.status === 'busy' && <span className="sr-only"> (busy)</span>}
      {state?.status === 'exited' && <span className="dock-tab-note">ended</span>}
      {state && state.status !== 'exited' && selected && <span className="dock-tab-note">{state.directory}</span>}
    </Tab>
  );
}

function Tab({ panel, selected, children }: { panel: Panel; selected: boolean; children: ReactNode }) {
  return (
    <button
      type="button"
      role="tab"
      id={`app-tab-${panel}`}
      className="dock-tab"
      data-tab={panel}
      aria-selected={selected}
      aria-controls={`app-panel-${panel}`}
      tabIndex={selected ? 0 : -1}
      onClick={() => showPanel(panel, 'open')}
    >
      {children}
    </button>
  );
}

function useWide(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const query = matchMedia(wide);
      query.addEventListener('change', listener);
      return () => query.removeEventListener('change', listener);
    },
    () => matchMedia(wide).matches,
    () => true,
  );
}
