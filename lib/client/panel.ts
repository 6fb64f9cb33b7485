// Which panel of the dock is in front, and whether the narrow screen's sheet is open.
import { type TerminalName, terminalNames } from '#lib/shared/chapter.ts';
import { createLive, useLive } from './live.ts';
import { readStored, writeStored } from './stored.ts';

/** `browser` is a tab on narrow screens only; elsewhere the preview is always in view. */
export type Panel = TerminalName | 'browser';

interface Front {
  panel: Panel;
  /** The terminal in front, also while the browser is. */
  terminal: TerminalName;
  sheetOpen: boolean;
}

const front = createLive<Front>({ panel: 'shell', terminal: 'shell', sheetOpen: false });

export function useFront(): Front {
  return useLive(front);
}

export function showPanel(panel: Panel, sheet: 'open' | 'as-it-is' = 'as-it-is'): void {
  const known = front.get();
  const terminal = panel === 'browser' ? known.terminal : panel;
  front.set({ panel, terminal, sheetOpen: sheet === 'open' || known.sheetOpen });
  writeStored('panel', panel);
}

export function closeSheet(): void {
  front.set({ ...front.get(), sheetOpen: false });
}

/** Brings back the panel of the last visit. */
export function restorePanel(): void {
  const kept = readStored('panel');
  const panel = [...terminalNames, 'browser' as const].find((name) => name === kept);
  if (panel) showPanel(panel);
}
