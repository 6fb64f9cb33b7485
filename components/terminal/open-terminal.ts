// Makes an emulator in an element: font, colours, size, links, renderer. It knows nothing of the server.
import { FitAddon } from '@xterm/addon-fit';
import type { SearchAddon } from '@xterm/addon-search';
import { Unicode11Addon } from '@xterm/addon-unicode11';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { Terminal } from '@xterm/xterm';
import type { TerminalSize } from '#lib/shared/protocol.ts';
import { readTheme, watchTheme } from './theme.ts';

const fontSize = 13;
const scrollback = 5000;
/** While a pane is dragged the size changes at every frame; the shell hears of it this often at most, in milliseconds. */
const resizeMs = 60;

export interface OpenTerminal {
  terminal: Terminal;
  /** The search add-on, fetched when it is first wanted. */
  search(): Promise<SearchAddon>;
  /** Takes somebody else's size, or (null) fits the element again. */
  follow(size: TerminalSize | null): void;
  close(): void;
}

interface Wishes {
  /** A link whose text need not be its target. */
  askLink(uri: string): void;
  resized(): void;
}

/** @param element stays empty but for the emulator; may be hidden, then the size follows when it is shown */
export async function openTerminal(element: HTMLElement, wishes: Wishes): Promise<OpenTerminal> {
  const family = getComputedStyle(document.documentElement).getPropertyValue('--font-geist-mono').trim() || 'monospace';
  // The emulator measures a character once, when it opens: with a font that is still on its way it would measure another one.
  await Promise.allSettled([document.fonts.load(`${fontSize}px ${family}`), document.fonts.load(`bold ${fontSize}px ${family}`)]);

  const terminal = new Terminal({
    allowProposedApi: true, // what the Unicode and search add-ons use
    cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    fontFamily: family,
    fontSize,
    lineHeight: 1.2,
    // A program that prints random bytes would fill the browser's console with a line for each sequence that is none.
    logLevel: 'off',
    linkHandler: { activate: (_event, uri) => wishes.askLink(uri), allowNonHttpProtocols: false },
    macOptionIsMeta: true,
    minimumContrastRatio: 4.5,
    scrollback,
    theme: readTheme(element),
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.loadAddon(new Unicode11Addon());
  terminal.unicode.activeVersion = '11';
  // Here the text is the target, so what the learner clicks is where they go.
  terminal.loadAddon(new WebLinksAddon((_event, uri) => openLink(uri)));
  terminal.open(element);
  fit.fit();
  let closed = false;
  void loadWebgl(() => closed, terminal);

  let searching: Promise<SearchAddon> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const observer = new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      fitElement();
    }, resizeMs);
  });
  observer.observe(element);
  terminal.onResize(wishes.resized);
  const unwatch = watchTheme(() => {
    terminal.options.theme = readTheme(element);
  });

  let followed: TerminalSize | null = null;
  function fitElement() {
    if (!followed && element.offsetWidth > 0) fit.fit();
  }

  return {
    terminal,
    follow(size) {
      followed = size;
      if (!size) return fitElement();
      // In its place among the output.
      terminal.write('', () => {
        if (!closed && followed === size) terminal.resize(size.cols, size.rows);
      });
    },
    search() {
      searching ??= import('@xterm/addon-search').then((module) => {
        const addon = new module.SearchAddon();
        terminal.loadAddon(addon);
        return addon;
      });
      return searching;
    },
    close() {
      closed = true;
      clearTimeout(timer);
      observer.disconnect();
      unwatch();
      terminal.dispose();
    },
  };
}

/** Opens http and https addresses only, without giving the other page a handle on this one. */
export function openLink(uri: string): void {
  if (!URL.canParse(uri) || !['http:', 'https:'].includes(new URL(uri).protocol)) return;
  window.open(uri, '_blank', 'noopener,noreferrer');
}

/** Draws with the graphics card where there is one; until then, and elsewhere, the emulator's own renderer does. */
async function loadWebgl(closed: () => boolean, terminal: Terminal): Promise<void> {
  if (!document.createElement('canvas').getContext('webgl2')) return;
  try {
    const { WebglAddon } = await import('@xterm/addon-webgl');
    if (closed()) return;
    const webgl = new WebglAddon();
    webgl.onContextLoss(() => webgl.dispose());
    terminal.loadAddon(webgl);
  } catch {
    // The card refuses after all: the emulator goes on with its own renderer, only slower.
  }
}
