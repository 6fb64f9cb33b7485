import type { ITheme } from '@xterm/xterm';

const tokens = {
  background: '--slate',
  foreground: '--slate-ink',
  cursor: '--ansi-blue',
  cursorAccent: '--slate',
  black: '--ansi-black',
  red: '--ansi-red',
  green: '--ansi-green',
  yellow: '--ansi-yellow',
  blue: '--ansi-blue',
  magenta: '--ansi-magenta',
  cyan: '--ansi-cyan',
  white: '--ansi-white',
  brightBlack: '--ansi-grey',
  brightRed: '--ansi-red',
  brightGreen: '--ansi-green',
  brightYellow: '--ansi-yellow',
  brightBlue: '--ansi-blue',
  brightMagenta: '--ansi-magenta',
  brightCyan: '--ansi-cyan',
  brightWhite: '--slate-ink',
} satisfies ITheme;

/** The page's tokens as the canvas needs them: it resolves neither custom properties nor `light-dark()`. */
export function readTheme(within: HTMLElement): ITheme {
  const probe = document.createElement('span');
  within.append(probe);
  const resolve = (token: string) => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const theme: ITheme = Object.fromEntries(Object.entries(tokens).map(([name, token]) => [name, toHex(resolve(token))]));
  probe.remove();
  return { ...theme, selectionBackground: `${theme.blue}55` };
}

/** Calls back when the page's colours change; returns how to stop. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', changed);
  return () => {
    observer.disconnect();
    system.removeEventListener('change', changed);
  };
}

/** `rgb(28, 31, 38)` as `#1c1f26`. */
function toHex(color: string): string {
  const parts = color.match(/\d+(?:\.\d+)?/g)?.slice(0, 3) ?? [];
  return `#${parts.map((part) => Math.round(Number(part)).toString(16).padStart(2, '0')).join('')}`;
}
