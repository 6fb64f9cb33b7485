import { showPanel } from '#lib/client/panel.ts';
import type { TerminalName } from '#lib/shared/chapter.ts';

/** Brings a terminal to the front, ready to be typed into; on a touch screen without the keyboard that would cover it. */
export function goToTerminal(name: TerminalName): void {
  showPanel(name, 'open');
  if (!matchMedia('(pointer: fine)').matches) return;
  // The terminal that was behind takes focus only once it is drawn.
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-terminal="${name}"] textarea`)?.focus({ preventScroll: true }));
}
