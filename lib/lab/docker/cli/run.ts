// `docker run` and `docker exec`: start a program in a container and stand in for it.
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import { bytesOf } from '../duration-text.ts';
import type { ApiClient } from './api-client.ts';
import { type Arguments, parseArguments, requireWords } from './arguments.ts';
import { CommandError, DaemonError } from './command-error.ts';
import { copyOutput } from './output.ts';
import { pullImage } from './pull.ts';

const flags = {
  name: { value: true },
  publish: { short: 'p', value: true },
  env: { short: 'e', value: true },
  workdir: { short: 'w', value: true },
  hostname: { short: 'h', value: true },
  label: { short: 'l', value: true },
  volume: { short: 'v', value: true },
  entrypoint: { value: true },
  'stop-signal': { value: true },
  'stop-timeout': { value: true },
  pull: { value: true },
  'sig-proxy': {},
  detach: { short: 'd' },
  interactive: { short: 'i' },
  tty: { short: 't' },
  rm: {},
  init: {},
  memory: { short: 'm', value: true },
  'pids-limit': { value: true },
  cpus: { value: true },
} as const;

/** Everything but what the system itself means by a signal, and what a program cannot catch. */
const forwarded = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

export async function runCommand(api: ApiClient, args: string[]): Promise<number> {
  try {
    return await run(api, parseArguments('run', args, flags, true));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const missing = /unable to start container process/.test(error.message);
    const unusable = missing && /permission denied|is a directory/.test(error.message);
    const hint = error instanceof DaemonError ? `.\nSee 'docker run --help'.` : notOffered(error);
    throw new CommandError(error.message && `docker: ${error.message.replace(/\.$/, '')}${hint}`, unusable ? 126 : missing ? 127 : 125);
  }
}

async function run(api: ApiClient, args: Arguments): Promise<number> {
  requireWords('run', args.words, 1);
  const detached = args.has('detach');
  const created = await create(api, args);
  for (const warning of created.Warnings) process.stderr.write(`WARNING: ${warning}\n`);
  const path = `/containers/${created.Id}`;
  if (detached) {
    await api.call('POST', `${path}/start`);
    process.stdout.write(`${created.Id}\n`);
    return 0;
  }
  const input = args.has('interactive') ? '&stdin=1' : '';
  const connection = await api.hijack(`${path}/attach?stream=1&stdout=1&stderr=1${input}`);
  const waiting = new AbortController();
  const condition = args.has('rm') ? 'removed' : 'next-exit';
  const ended = api.call('POST', `${path}/wait?condition=${condition}`, undefined, waiting.signal) as Promise<{ StatusCode: number }>;
  ended.catch(() => undefined); // looked at below, unless the start fails first
  const started = api.call('POST', `${path}/start`);
  const stopForwarding = args.value('sig-proxy') === 'false' ? () => undefined : forwardSignals(api, path, started);
  try {
    await started;
    await joinStreams(connection, args.has('interactive'), args.has('tty'));
    return (await ended).StatusCode;
  } finally {
    waiting.abort();
    connection.destroy();
    stopForwarding();
  }
}

/** `docker create`: everything that run does before the start. */
export async function createCommand(api: ApiClient, args: string[]): Promise<void> {
  const parsed = parseArguments('create', args, flags, true);
  requireWords('create', parsed.words, 1);
  const { Id, Warnings } = await create(api, parsed);
  for (const warning of Warnings) process.stderr.write(`WARNING: ${warning}\n`);
  process.stdout.write(`${Id}\n`);
}

/** `docker attach`: stands in for a program that runs already. */
export async function attachCommand(api: ApiClient, args: string[]): Promise<number> {
  const parsed = parseArguments('attach', args, { 'no-stdin': {}, 'sig-proxy': { value: true } });
  requireWords('attach', parsed.words, 1, 1);
  const path = `/containers/${encodeURIComponent(parsed.words[0]!)}`;
  const { State, Config } = (await api.call('GET', `${path}/json`)) as {
    State: { Running: boolean; Paused: boolean };
    Config: { OpenStdin: boolean; Tty: boolean };
  };
  if (!State.Running) throw new CommandError('You cannot attach to a stopped container, start it first');
  if (State.Paused) throw new CommandError('You cannot attach to a paused container, unpause it first');
  const interactive = Config.OpenStdin && !parsed.has('no-stdin');
  const ended = api.call('POST', `${path}/wait`) as Promise<{ StatusCode: number }>;
  ended.catch(() => undefined); // looked at below
  const connection = await api.hijack(`${path}/attach?stream=1&stdout=1&stderr=1${interactive ? '&stdin=1' : ''}`);
  const stopForwarding = parsed.value('sig-proxy') === 'false' ? () => undefined : forwardSignals(api, path, Promise.resolve());
  try {
    await joinStreams(connection, interactive, Config.Tty);
    return (await ended).StatusCode;
  } finally {
    connection.destroy();
    stopForwarding();
  }
}

/** Pulls the image first where it is missing. */
async function create(api: ApiClient, args: Arguments): Promise<{ Id: string; Warnings: string[] }> {
  const image = args.words[0]!;
  const query = args.value('name') === undefined ? '' : `?name=${encodeURIComponent(args.value('name')!)}`;
  const ask = () => api.call('POST', `/containers/create${query}`, createBody(args)) as Promise<{ Id: string; Warnings: string[] }>;
  if (args.value('pull') === 'always') await pullImage(api, image, process.stderr);
  return ask().catch(async (error) => {
    if (!(error instanceof DaemonError) || error.code !== 404 || args.value('pull') === 'never') throw error;
    process.stderr.write(`Unable to find image '${/:[^/]+$/.test(image) ? image : `${image}:latest`}' locally\n`);
    await pullImage(api, image, process.stderr);
    return ask();
  });
}

export async function execCommand(api: ApiClient, args: string[]): Promise<number> {
  const { words, has, value, values } = parseArguments(
    'exec',
    args,
    {
      detach: { short: 'd' },
      interactive: { short: 'i' },
      tty: { short: 't' },
      env: { short: 'e', value: true },
      workdir: { short: 'w', value: true },
    },
    true,
  );
  requireWords('exec', words, 2);
  const [name, ...command] = words;
  const { Id } = (await api.call('POST', `/containers/${encodeURIComponent(name!)}/exec`, {
    Cmd: command,
    Env: values('env').map(variable),
    WorkingDir: value('workdir') ?? '',
    Tty: has('tty'),
    AttachStdin: has('interactive'),
    AttachStdout: true,
    AttachStderr: true,
  })) as { Id: string };
  try {
    if (has('detach')) {
      await api.call('POST', `/exec/${Id}/start`, { Detach: true });
      return 0;
    }
    const connection = await api.hijack(`/exec/${Id}/start`, { Detach: false, Tty: has('tty') });
    await joinStreams(connection, has('interactive'), has('tty'));
    connection.destroy();
  } catch (error) {
    if (error instanceof DaemonError && /unable to start container process/.test(error.message)) throw new CommandError(error.message, 127);
    throw error;
  }
  return ((await api.call('GET', `/exec/${Id}/json`)) as { ExitCode: number }).ExitCode;
}

/** Output until its end; input, if wanted, until ours ends. */
async function joinStreams(connection: Duplex, interactive: boolean, raw: boolean): Promise<void> {
  connection.on('error', () => undefined); // the daemon went away: the output ends, and what follows reports it
  if (interactive) process.stdin.pipe(connection);
  try {
    await copyOutput(connection, raw);
  } finally {
    if (interactive) process.stdin.unpipe(connection).destroy();
  }
}

/** From the start of the container on, a signal to this client is one to the program: systemd stops a unit that way. */
function forwardSignals(api: ApiClient, path: string, started: Promise<unknown>): () => void {
  const listeners = forwarded.map((signal) => {
    const forward = () => {
      started.then(() => api.call('POST', `${path}/kill?signal=${constants.signals[signal]}`)).catch(() => undefined); // it has ended meanwhile, or never started: the run itself tells
    };
    process.on(signal, forward);
    return { signal, forward };
  });
  return () => {
    for (const { signal, forward } of listeners) process.off(signal, forward);
  };
}

function createBody(args: Arguments): object {
  const [image, ...command] = args.words;
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const written of args.values('publish')) {
    const { host, container } = parsePublish(written);
    bindings[container] = [...(bindings[container] ?? []), host];
  }
  const interactive = args.has('interactive');
  return {
    Image: image,
    Cmd: command.length > 0 ? command : null,
    ...(args.value('entrypoint') === undefined ? {} : { Entrypoint: [args.value('entrypoint')] }),
    Env: args.values('env').map(variable),
    WorkingDir: args.value('workdir') ?? '',
    Hostname: args.value('hostname') ?? '',
    Labels: Object.fromEntries(args.values('label').map((label) => [label.split('=', 1)[0], label.split('=').slice(1).join('=')])),
    Tty: args.has('tty'),
    OpenStdin: interactive,
    StdinOnce: interactive && !args.has('detach'),
    StopSignal: args.value('stop-signal') ?? '',
    ...(args.value('stop-timeout') === undefined ? {} : { StopTimeout: Number(args.value('stop-timeout')) }),
    HostConfig: {
      AutoRemove: args.has('rm'),
      Init: args.has('init'),
      PortBindings: bindings,
      Binds: args.values('volume').filter((volume) => volume.includes(':')),
      ...limits(args),
    },
    Volumes: Object.fromEntries(
      args
        .values('volume')
        .filter((volume) => !volume.includes(':'))
        .map((target) => [target, {}]),
    ),
  };
}

function limits(args: Arguments) {
  const given = (name: string, read: (text: string) => number) => (args.value(name) === undefined ? 0 : read(args.value(name)!));
  const refuse = (flag: string, value: string, why: string) =>
    new CommandError(`invalid argument ${JSON.stringify(value)} for "${flag}" flag: ${why}\nSee 'docker run --help'.`, 125);
  return {
    Memory: given('memory', (written) => {
      const bytes = bytesOf(written);
      if (bytes === null) throw refuse('-m, --memory', written, `invalid size: '${written}'`);
      return bytes;
    }),
    PidsLimit: given('pids-limit', (written) => {
      if (!/^-?\d+$/.test(written))
        throw refuse('--pids-limit', written, `strconv.ParseInt: parsing ${JSON.stringify(written)}: invalid syntax`);
      return Number(written);
    }),
    NanoCpus: given('cpus', (written) => {
      if (!/^(\d+\.?\d*|\.\d+)$/.test(written)) throw refuse('--cpus', written, `failed to parse ${written} as a rational number`);
      return Math.round(Number(written) * 1e9);
    }),
  };
}

/** `80:80`, `127.0.0.1:80:80/tcp`; what it may be is the daemon's business. */
function parsePublish(written: string) {
  const match = /^(?:(?:(\[[^\]]*\]|[^:]*):)?(\d*):)?(\d+(?:\/\w+)?)$/.exec(written);
  if (!match) throw new CommandError(`invalid publish specification ${JSON.stringify(written)}: HOST:CONTAINER is expected, like 80:80`);
  const container = match[3]!.includes('/') ? match[3]! : `${match[3]}/tcp`;
  return { container, host: { HostIp: match[1] ?? '', HostPort: match[2] ?? '' } };
}

/** `NAME` alone passes this shell's value on, if it has one. */
function variable(pair: string): string {
  return pair.includes('=') || process.env[pair] === undefined ? pair : `${pair}=${process.env[pair]}`;
}

function notOffered(error: CommandError): string {
  if (!error.message.startsWith('unknown flag')) return '';
  return "\nThe lab's docker run takes --name, -p, -e, -d, -i, -t, --rm, -w, -h, -l, -m, -v, --init, --pids-limit, --cpus and --entrypoint. Use a real Docker Engine for more.";
}
