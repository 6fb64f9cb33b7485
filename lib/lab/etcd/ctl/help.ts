// The help texts of etcdctl, laid out by the library that the real one uses.
import type { Command, CommandGroup } from './command.ts';
import { type Flag, helpFlag } from './flags.ts';

export const version = '3.4.23';

/** @param words how the program is called: `etcdctl`, or `etcdctl member` */
export function groupHelp(words: string, summary: string, commands: Record<string, { summary: string }>, flags: readonly Flag[]): string {
  return [
    `NAME:\n   ${words} - ${summary}\n\n`,
    `USAGE:\n   ${words} [global options] command [command options] [arguments...]\n\n`,
    `VERSION:\n   ${version}\n\n`,
    `COMMANDS:\n${commandRows(commands)}\n`,
    `GLOBAL OPTIONS:\n${flagRows(flags)}`,
  ].join('');
}

/** Of a command that consists of others, as in `etcdctl member`. */
export function subgroupHelp(words: string, { summary, commands }: CommandGroup): string {
  return [
    `NAME:\n   ${words} - ${summary}\n\n`,
    `USAGE:\n   ${words} command [command options] [arguments...]\n\n`,
    `COMMANDS:\n${commandRows(commands)}\n`,
    `OPTIONS:\n${flagRows([helpFlag])}   \n`,
  ].join('');
}

export function commandHelp(words: string, { usage, summary, description, flags = [] }: Omit<Command, 'run'>): string {
  const options = flags.length > 0 ? ' [command options]' : '';
  return [
    `NAME:\n   ${words} - ${summary}\n\n`,
    `USAGE:\n   ${words}${options} ${usage}\n`,
    description ? `\nDESCRIPTION:\n   ${description}\n` : '',
    flags.length > 0 ? `\nOPTIONS:\n${flagRows(flags)}   \n` : '',
  ].join('');
}

function commandRows(commands: Record<string, { summary: string }>): string {
  return rows(Object.entries(commands).map(([name, { summary }]) => [name, summary]));
}

function flagRows(flags: readonly Flag[]): string {
  return rows(
    flags.map(({ names, kind, about, valueName = 'value', usual = kind === 'number' ? '0' : undefined }) => {
      const value = kind === 'switch' ? '' : ` ${valueName}`;
      const spellings = names.map((name) => `${name.length > 1 ? '--' : '-'}${name}${value}`).join(', ');
      return [spellings, usual === undefined ? about : `${about} (default: ${usual})`];
    }),
  );
}

function rows(entries: [string, string][]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, text]) => `   ${name.padEnd(width)}  ${text}\n`).join('');
}
