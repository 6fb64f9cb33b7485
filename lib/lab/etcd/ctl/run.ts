// One call of etcdctl: global flags, the command, its exit status.
import { Client } from './client.ts';
import { commands } from './commands.ts';
import { badArguments, Failure } from './failure.ts';
import { type FlagKind, type ParsedFlags, parseFlags } from './flags.ts';
import type { Format } from './print.ts';

export interface Surroundings {
  environment: Record<string, string | undefined>;
  stdout(text: string): void;
  stderr(text: string): void;
}

const globalFlags: Record<string, FlagKind> = {
  ...{ debug: 'switch', 'no-sync': 'switch', help: 'switch', h: 'switch', version: 'switch', v: 'switch' },
  ...{ output: 'text', o: 'text', peers: 'text', C: 'text', endpoint: 'text', endpoints: 'text' },
  ...{ timeout: 'text', 'total-timeout': 'text', username: 'text', u: 'text' },
};
const defaultEndpoints = 'http://127.0.0.1:2379,http://127.0.0.1:4001';

/** Answers with the exit status. */
export async function runEtcdctl(line: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, environment } = surroundings;
  const global = parseFlags(line, globalFlags, false);
  if (global.error) return misuse(global.error, helpText(), surroundings);
  if (isOn(global, 'version', 'v')) {
    stdout('etcdctl version: 3.4.23\nAPI version: 2\n');
    return 0;
  }
  const [name = 'help', ...rest] = global.words;
  if (isOn(global, 'help', 'h') || name === 'help' || name === 'h') {
    stdout(helpText());
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    stderr(`No help topic for '${name}'\n`);
    return 3;
  }
  const own = parseFlags(rest, { ...command.flags, help: 'switch', h: 'switch' }, true);
  const help = commandHelp(name);
  if (own.error) return misuse(own.error, help, surroundings);
  if (isOn(own, 'help', 'h')) {
    stdout(help);
    return 0;
  }
  const format = readFormat(flag(global, 'output', 'o') ?? environment.ETCDCTL_OUTPUT);
  const client = new Client(readEndpoints(global, environment));
  try {
    if (!format) throw new Failure(`Unsupported output format: ${flag(global, 'output', 'o')}`, badArguments);
    if (!isOn(global, 'no-sync')) await sync(client, name);
    const invocation = { client, words: own.words, format, print: stdout };
    const status = await command.run({ ...invocation, flag: (...names) => flag(own, ...names), isOn: (...names) => isOn(own, ...names) });
    return status ?? 0;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    stderr(`${error.message}\n`);
    return error.status;
  }
}

/** `cluster-health` reports itself that nothing answers. */
async function sync(client: Client, command: string): Promise<void> {
  try {
    await client.sync();
  } catch (error) {
    if (command !== 'cluster-health') throw error;
  }
}

function readEndpoints(global: ParsedFlags, environment: Surroundings['environment']): string[] {
  const fromEnvironment = environment.ETCDCTL_ENDPOINTS || environment.ETCDCTL_ENDPOINT || environment.ETCDCTL_PEERS;
  const text = flag(global, 'endpoints', 'endpoint', 'peers', 'C') || fromEnvironment || defaultEndpoints;
  return text
    .split(',')
    .filter((endpoint) => endpoint.trim() !== '')
    .map((endpoint) => (/^https?:\/\//.test(endpoint) ? endpoint : `http://${endpoint}`).trim().replace(/\/+$/, ''));
}

function readFormat(text = 'simple'): Format | undefined {
  return text === 'simple' || text === 'json' || text === 'extended' ? text : undefined;
}

function flag({ flags }: ParsedFlags, ...names: string[]): string | undefined {
  for (const name of names) if (flags.has(name)) return flags.get(name);
  return undefined;
}

function isOn(parsed: ParsedFlags, ...names: string[]): boolean {
  return flag(parsed, ...names) === 'true';
}

function misuse(error: string, help: string, { stdout, stderr }: Surroundings): number {
  stdout(`Incorrect Usage: ${error}\n\n${help}`);
  stderr(`${error}\n`);
  return badArguments;
}

function commandHelp(name: string): string {
  const { usage, summary, flags } = commands[name]!;
  const options = Object.entries(flags).map(
    ([option, kind]) => `   ${option.length > 1 ? '--' : '-'}${option}${kind === 'switch' ? '' : ' value'}\n`,
  );
  const optionText = options.length > 0 ? `\nOPTIONS:\n${options.join('')}` : '';
  return `NAME:\n   etcdctl ${name} - ${summary}\n\nUSAGE:\n   etcdctl ${name} [command options] ${usage}\n${optionText}`;
}

function helpText(): string {
  const list = Object.entries(commands).map(([name, { summary }]) => `   ${name.padEnd(15)} ${summary}\n`);
  return [
    'NAME:\n   etcdctl - A simple command line client for etcd.\n\n',
    'USAGE:\n   etcdctl [global options] command [command options] [arguments...]\n\n',
    `COMMANDS:\n${list.join('')}\n`,
    'GLOBAL OPTIONS:\n',
    '   --no-sync                   use the given endpoints as they are\n',
    '   --output simple, -o simple  simple, extended or json\n',
    `   --endpoints value           comma-separated (default: "${defaultEndpoints}")\n`,
    '   --help, -h\n   --version, -v\n',
  ].join('');
}
