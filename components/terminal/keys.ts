// The terminal's own keys, as this computer's keyboard names them.

/** What a key combination means here; null: it is typed. */
export type TerminalKey = 'copy' | 'paste' | 'search' | 'reset' | 'leave';

type Pressed = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'shiftKey' | 'altKey' | 'metaKey'>;

const withCtrlShift: Record<string, TerminalKey> = { KeyC: 'copy', KeyV: 'paste', KeyF: 'search', KeyL: 'reset' };

export function readKey({ key, code, ctrlKey, shiftKey, altKey, metaKey }: Pressed): TerminalKey | null {
  if (key === 'F6' && !ctrlKey && !altKey && !metaKey) return 'leave';
  // On a Mac the browser itself copies and pastes with Cmd.
  if (!ctrlKey || !shiftKey || altKey || metaKey) return null;
  return withCtrlShift[code] ?? null;
}

/** How the keys are written for the learner. */
export function nameKeys(mac: boolean): Record<Exclude<TerminalKey, 'leave'>, string> {
  return mac
    ? { copy: '⌘C', paste: '⌘V', search: '⌃⇧F', reset: '⌃⇧L' }
    : { copy: 'Ctrl+Shift+C', paste: 'Ctrl+Shift+V', search: 'Ctrl+Shift+F', reset: 'Ctrl+Shift+L' };
}

export function isMac(): boolean {
  return typeof navigator !== 'undefined' && /mac|iphone|ipad/i.test(navigator.platform);
}
