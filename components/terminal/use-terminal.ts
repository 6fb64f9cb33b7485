// Joins an emulator with the server's terminal, for as long as the element is on the page.
import { type RefObject, useEffect, useRef, useState } from 'react';
import { appSocket } from '#lib/client/connection.ts';
import type { TerminalLink } from '#lib/client/terminal-link.ts';
import type { TerminalName } from '#lib/shared/chapter.ts';
import { joinTerminal } from './join-terminal.ts';
import { readKey } from './keys.ts';
import { type OpenTerminal, openTerminal } from './open-terminal.ts';

interface Callbacks {
  searchWanted(): void;
  resetWanted(): void;
  copied(): void;
  refused(reason: string): void;
  /** Whether the learner types here, or looks on while another window does. */
  drive(driving: boolean): void;
  askLink(uri: string): void;
  pasted(text: string): void;
}

export function useTerminal(name: TerminalName, element: RefObject<HTMLElement | null>, callbacks: Callbacks): OpenTerminal | null {
  const [opened, setOpened] = useState<OpenTerminal | null>(null);
  const latest = useRef(callbacks);
  latest.current = callbacks;

  useEffect(() => {
    const place = element.current;
    if (!place) return;
    let gone = false;
    let closeAll = () => {};
    let link: TerminalLink | undefined;
    const wishes = { askLink: (uri: string) => latest.current.askLink(uri), resized: () => link?.resize() };
    openTerminal(place, wishes).then((made) => {
      if (gone) return made.close();
      link = joinTerminal(appSocket(), name, made.terminal, {
        refused: (reason) => latest.current.refused(reason),
        drive: (driving) => latest.current.drive(driving),
      });
      const unguard = guardKeysAndClipboard(place, made, latest);
      closeAll = () => {
        unguard();
        link?.close();
        made.close();
      };
      setOpened(made);
    });
    return () => {
      gone = true;
      closeAll();
      setOpened(null);
    };
  }, [name, element]);

  return opened;
}

function guardKeysAndClipboard(place: HTMLElement, { terminal }: OpenTerminal, latest: RefObject<Callbacks>): () => void {
  terminal.attachCustomKeyEventHandler((event) => {
    const key = readKey(event);
    if (key === null) return true;
    // The browser pastes, and the page leaves.
    if (key === 'paste' || key === 'leave') return false;
    event.preventDefault();
    if (event.type !== 'keydown') return false;
    if (key === 'copy') copySelection();
    if (key === 'search') latest.current.searchWanted();
    if (key === 'reset') latest.current.resetWanted();
    return false;
  });
  place.addEventListener('mouseup', copySelection);
  place.addEventListener('copy', copied);
  place.addEventListener('paste', paste, true);
  return () => {
    place.removeEventListener('mouseup', copySelection);
    place.removeEventListener('copy', copied);
    place.removeEventListener('paste', paste, true);
  };

  function copySelection() {
    const text = terminal.getSelection();
    if (!text) return;
    navigator.clipboard.writeText(text).then(copied, () => {}); // the browser forbids it; its own copy command still works
  }

  function copied() {
    if (terminal.hasSelection()) latest.current.copied();
  }

  /** Stands before the emulator's own paste, which would let a text end the bracket that protects it. */
  function paste(event: ClipboardEvent) {
    event.preventDefault();
    event.stopPropagation();
    latest.current.pasted(event.clipboardData?.getData('text/plain') ?? '');
  }
}
