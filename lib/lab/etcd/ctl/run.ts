// One call of etcdctl: global flags, the command, its exit status.
import { Client } from './client.ts';
import type { Command, CommandGroup } from './command.ts';
import { commands } from './commands.ts';
import { badArguments, badConnection, Failure } from './failure.ts';
import { type Flag, flagsFirst, helpFlag, milliseconds, type ParsedFlags, parseFlags } from './flags.ts';
import { commandHelp, groupHelp, subgroupHelp, version } from './help.ts';
import type { Format } from './print.ts';

export interface Surroundings {
  environment: Record<string, string | undefined>;
  stdout(text: string): void;
  stderr(text: string): void;
}

const defaultEndpoints = 'http://127.0.0.1:2379,http://127.0.0.1:4001';
const deprecated = 'DEPRECATED - "--endpoints" should be used instead';
const globalFlags: Flag[] = [
  { names: ['debug'], kind: 'switch', about: 'output cURL commands which can be used to reproduce the request' },
  { names: ['no-sync'], kind: 'switch', about: "don't synchronize cluster information before sending request" },
  {
    ...{ names: ['output', 'o'], kind: 'text', valueName: 'simple', usual: '"simple"' },
    about: 'output response in the given format (simple, `extended` or `json`)',
  },
  { names: ['discovery-srv', 'D'], kind: 'text', about: 'domain name to query for SRV records describing cluster endpoints' },
  { names: ['insecure-discovery'], kind: 'switch', about: 'accept insecure SRV records describing cluster endpoints' },
  { names: ['peers', 'C'], kind: 'text', about: deprecated },
  { names: ['endpoint'], kind: 'text', about: deprecated },
  {
    ...{ names: ['endpoints'], kind: 'text', usual: JSON.stringify(defaultEndpoints) },
    about: 'a comma-delimited list of machine addresses in the cluster',
  },
  { names: ['cert-file'], kind: 'text', about: 'identify HTTPS client using this SSL certificate file' },
  { names: ['key-file'], kind: 'text', about: 'identify HTTPS client using this SSL key file' },
  { names: ['ca-file'], kind: 'text', about: 'verify certificates of HTTPS-enabled servers using this CA bundle' },
  { names: ['username', 'u'], kind: 'text', about: 'provide username[:password] and prompt if password is not supplied.' },
  { names: ['timeout'], kind: 'duration', about: 'connection timeout per request', usual: '2s' },
  { names: ['total-timeout'], kind: 'duration', about: 'timeout for the command execution (except watch)', usual: '5s' },
  helpFlag,
  { names: ['version', 'v'], kind: 'switch', about: 'print the version' },
];
const programHelp = () => {
  const help = { 'help, h': { summary: 'Shows a list of commands or help for one command' } };
  return groupHelp('etcdctl', 'A simple command line client for etcd.', { ...commands, ...help }, globalFlags);
};
/** These wait for what may never come. */
const endless = new Set(['watch', 'exec-watch']);

/** Answers with the exit status. */
export async function runEtcdctl(line: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr } = surroundings;
  const global = parseFlags(line, globalFlags);
  if (global.error) {
    stdout(`Incorrect Usage. ${global.error}\n\n${programHelp()}`);
    stderr(`${global.error}\n`);
    return badArguments;
  }
  if (isOn(global, 'version')) {
    stdout(`etcdctl version: ${version}\nAPI version: 2\n`);
    return 0;
  }
  const [name = 'help', ...rest] = global.words;
  if (isOn(global, 'help')) return say(programHelp());
  if (name === 'help' || name === 'h') {
    const topic = commandNamed(commands, rest[0]);
    if (rest[0] === undefined) return say(programHelp());
    if (!topic) return unknown(rest[0]);
    return say(commandHelp(`etcdctl ${rest[0]}`, 'commands' in topic ? { ...topic, usage: '[arguments...]' } : topic));
  }
  const command = commandNamed(commands, name);
  if (!command) return unknown(name);
  if (!('commands' in command)) return runCommand(name, command, rest, global, surroundings);

  const [subname, ...subrest] = rest;
  if (subname === undefined || subname === '-h' || subname === '--help') return say(subgroupHelp(`etcdctl ${name}`, command));
  const isHelp = subname === 'help' || subname === 'h';
  if (isHelp && subrest[0] === undefined) {
    return say(groupHelp(`etcdctl ${name}`, command.summary, command.commands, [helpFlag]));
  }
  const wanted = isHelp ? subrest[0]! : subname;
  const subcommand = commandNamed(command.commands, wanted);
  if (!subcommand) return unknown(wanted);
  if (isHelp) return say(commandHelp(`etcdctl ${name} ${wanted}`, subcommand));
  return runCommand(`${name} ${wanted}`, subcommand, subrest, global, surroundings);

  function say(text: string): number {
    stdout(text);
    return 0;
  }

  function unknown(topic: string): number {
    stderr(`No help topic for '${topic}'\n`);
    return 3;
  }
}

async function runCommand(
  name: string,
  command: Command,
  line: string[],
  global: ParsedFlags,
  surroundings: Surroundings,
): Promise<number> {
  const { stdout, stderr, environment } = surroundings;
  const flags = [...(command.flags ?? []), helpFlag];
  const own = parseFlags(flagsFirst(line, flags), flags);
  const help = commandHelp(`etcdctl ${name}`, command);
  if (own.error) {
    stdout(`Incorrect Usage: ${own.error}\n\n${help}`);
    stderr(`${own.error}\n`);
    return badArguments;
  }
  if (isOn(own, 'help')) {
    stdout(help);
    return 0;
  }
  const debug = isOn(global, 'debug') ? (text: string) => stderr(`${text}\n`) : undefined;
  const client = new Client({
    endpoints: readEndpoints(global, environment),
    credentials: global.flags.get('username') ?? environment.ETCDCTL_USERNAME,
    patienceMs: milliseconds(global.flags.get('timeout') ?? '2s'),
    debug,
  });
  const call = {
    ...{ client, words: own.words, print: stdout, format: readFormat(global, environment) },
    flag: (flag: string) => own.flags.get(flag),
    isOn: (flag: string) => isOn(own, flag),
  };
  const isEndless = endless.has(name) || isOn(own, 'forever');
  const deadline = isEndless ? undefined : deadlineAfter(milliseconds(global.flags.get('total-timeout') ?? '5s'));
  try {
    const work = async () => {
      if (needsServer(name) && !isOn(global, 'no-sync')) await sync(client, name);
      client.announce();
      return command.run(call);
    };
    return (await Promise.race([work(), ...(deadline ? [deadline.passed] : [])])) ?? 0;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    stderr(error.text);
    return error.status;
  } finally {
    deadline?.stop();
  }
}

function deadlineAfter(ms: number) {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Failure('Error:  context deadline exceeded', badConnection)), ms);
  });
  return { passed, stop: () => clearTimeout(timer) };
}

function needsServer(name: string): boolean {
  return name !== 'backup' && !/^(user|role|auth) /.test(name);
}

/** `cluster-health` reports itself that nothing answers. */
async function sync(client: Client, command: string): Promise<void> {
  try {
    await client.sync();
  } catch (error) {
    if (command !== 'cluster-health') throw error;
  }
}

function commandNamed<T extends Command | CommandGroup>(known: Record<string, T>, name = ''): T | undefined {
  return Object.hasOwn(known, name) ? known[name] : undefined;
}

function readEndpoints({ flags }: ParsedFlags, environment: Surroundings['environment']): string[] {
  const fromEnvironment = environment.ETCDCTL_ENDPOINTS || environment.ETCDCTL_ENDPOINT || environment.ETCDCTL_PEERS;
  const text = flags.get('endpoints') || flags.get('endpoint') || flags.get('peers') || fromEnvironment || defaultEndpoints;
  return text
    .split(',')
    .filter((endpoint) => endpoint.trim() !== '')
    .map((endpoint) => (/^[a-z]+:\/\//.test(endpoint) ? endpoint : `http://${endpoint}`).trim().replace(/\/+$/, ''));
}

/** What is neither of the three is taken for the simple one. */
function readFormat({ flags }: ParsedFlags, environment: Surroundings['environment']): Format {
  const text = flags.get('output') ?? environment.ETCDCTL_OUTPUT;
  return text === 'json' || text === 'extended' ? text : 'simple';
}

function isOn({ flags }: ParsedFlags, name: string): boolean {
  return flags.get(name) === 'true';
}
