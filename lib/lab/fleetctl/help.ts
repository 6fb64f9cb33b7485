import { type Command, commands, type Flag, globalFlags } from './flags.ts';

export const version = '1.0.0';

export function helpText(): string {
  const names = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const);
  return [
    'fleetctl controls the services of a CoreOS cluster.',
    '',
    'Usage:',
    '  fleetctl [flags] COMMAND [command flags] [arguments]',
    '',
    'Commands:',
    ...align(names),
    '',
    'Global flags (each also as FLEETCTL_NAME in the environment):',
    ...align(globalFlags.map(describeFlag)),
    '',
    'Run "fleetctl help COMMAND" for a command\'s own flags.',
    '',
  ].join('\n');
}

export function commandHelp(name: string, { summary, usage, flags }: Command): string {
  return [
    `${summary}.`,
    '',
    'Usage:',
    `  fleetctl ${name} ${usage}`.trimEnd(),
    ...(flags.length > 0 ? ['', 'Flags:', ...align(flags.map(describeFlag))] : []),
    '',
  ].join('\n');
}

function describeFlag({ name, letter, value, text }: Flag): [string, string] {
  const spelled = letter ? `-${letter}, --${name}` : `    --${name}`;
  return [spelled, value === undefined || value === '' || value === false ? text : `${text} (default ${value})`];
}

function align(rows: (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
