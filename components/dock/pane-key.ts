import { useEffect } from 'react';

/** F6 goes from the text to the terminal in front and back; a terminal keeps Tab for the shell, so it needs a way out. */
export function usePaneKey(): void {
  useEffect(() => {
    function press(event: KeyboardEvent) {
      if (event.key !== 'F6' || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      const dock = document.getElementById('app-dock');
      const terminal = dock?.querySelector<HTMLElement>('[role="tabpanel"]:not([hidden]) textarea');
      if (dock?.contains(document.activeElement)) document.getElementById('app-text')?.focus({ preventScroll: true });
      else (terminal ?? dock?.querySelector<HTMLElement>('[role="tab"]'))?.focus({ preventScroll: true });
    }
    window.addEventListener('keydown', press, true);
    return () => window.removeEventListener('keydown', press, true);
  }, []);
}
