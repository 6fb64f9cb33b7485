// What becomes of a text that is pasted into a terminal.
import { cleanText } from '#lib/client/clean-text.ts';

export interface Paste {
  text: string;
  /** A copied `$ ` in front of each line was left out. */
  promptsTaken: boolean;
  /** `runs`: each line would run as it comes. `waits`: there are several lines, and the shell takes them as one. Null: nothing to ask. */
  ask: 'runs' | 'waits' | null;
}

/**
 * @param bracketed the program tells a paste from typing, and waits for Enter
 * @param atPrompt the shell reads a command; elsewhere a `$ ` may be meant
 */
export function readPaste(pasted: string, { bracketed, atPrompt }: { bracketed: boolean; atPrompt: boolean }): Paste {
  const clean = cleanText(pasted);
  const text = atPrompt ? withoutPrompts(clean) : clean;
  const several = /[\r\n]+[^\r\n]*\S/.test(text.trim());
  const ask = bracketed ? (several ? 'waits' : null) : /[\r\n]/.test(text) ? 'runs' : null;
  return { text, promptsTaken: text !== clean, ask };
}

/** Documents write `$ ` in front of commands. Only where every line has it is it a sign, and no part of the command. */
function withoutPrompts(text: string): string {
  const lines = text.split(/(?<=\n)/);
  const written = lines.filter((line) => line.trim() !== '');
  if (written.length === 0 || !written.every((line) => /^\s*\$ +\S/.test(line))) return text;
  return lines.map((line) => line.replace(/^\s*\$ +/, '')).join('');
}
