// The values of directives. What cannot be read throws an IgnoredLine with systemd's words, and the line is skipped.
import { constants } from 'node:os';
import { parseTimeSpan } from './time-span.ts';
import { IgnoredLine, splitPlain } from './words.ts';

export function readBoolean(value: string): boolean {
  if (/^(1|yes|y|true|t|on)$/i.test(value)) return true;
  if (/^(0|no|n|false|f|off)$/i.test(value)) return false;
  throw new IgnoredLine(`Failed to parse boolean value, ignoring: ${value}`);
}

export function readChoice<Choice extends string>(choices: readonly Choice[], value: string, what: string): Choice {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) throw new IgnoredLine(`Failed to parse ${what}, ignoring: ${value}`);
  return choice;
}

export function readTime(key: string, value: string): number {
  const milliseconds = parseTimeSpan(value);
  if (milliseconds === null) throw new IgnoredLine(`Failed to parse ${key}= parameter, ignoring: ${value}`);
  return milliseconds;
}

export function readSignal(value: string): NodeJS.Signals {
  const signal = signalName(value);
  if (signal === null) throw new IgnoredLine(`Failed to parse signal name, ignoring: ${value}`);
  return signal;
}

/** `TERM`, `SIGTERM` and `15` → `SIGTERM`. */
export function signalName(text: string): NodeJS.Signals | null {
  const names = Object.entries(constants.signals);
  const [name] = names.find(([signal, number]) => signal === text || signal === `SIG${text}` || `${number}` === text) ?? [];
  return (name as NodeJS.Signals | undefined) ?? null;
}

/** A leading `-` says that the path may be missing. A relative path is skipped for a file and fatal for a directory, as in systemd. */
export function readOptionalPath(key: string, value: string, skipRelative: boolean): { path: string; optional: boolean } {
  const optional = value.startsWith('-');
  const path = optional ? value.slice(1) : value;
  if (path === '~') return { path: '/home/core', optional };
  if (path.startsWith('/')) return { path, optional };
  if (skipRelative) throw new IgnoredLine(`${key}= path is not absolute, ignoring: ${path}`);
  throw new Error(`${key}= path is not absolute: ${path}`);
}

export function addStatuses(before: (number | string)[], value: string, warn: (message: string) => void): (number | string)[] {
  if (value === '') return [];
  const statuses = [...before];
  for (const word of splitPlain(value)) {
    const signal = /^\d+$/.test(word) ? null : signalName(word);
    if (/^\d+$/.test(word) && Number(word) <= 255) statuses.push(Number(word));
    else if (signal) statuses.push(signal);
    else warn(`Failed to parse exit status specifier, ignoring: ${word}`);
  }
  return statuses;
}
