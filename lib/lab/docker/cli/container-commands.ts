// The commands about containers that exist: ps, logs, start, stop, kill, rm, wait, inspect.
import { durationText } from '../duration-text.ts';
import type { ApiClient } from './api-client.ts';
import { parseArguments, requireWords } from './arguments.ts';
import { CommandError } from './command-error.ts';
import { forEach } from './for-each.ts';
import { copyOutput } from './output.ts';
import { formatTable, formatTemplate } from './table.ts';

interface Listed {
  Id: string;
  Image: string;
  Command: string;
  Created: number;
  Status: string;
  State: string;
  Ports: { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[];
  Names: string[];
}

export async function psCommand(api: ApiClient, args: string[]): Promise<void> {
  const { has, value, values } = parseArguments('ps', args, {
    all: { short: 'a' },
    quiet: { short: 'q' },
    'no-trunc': {},
    latest: { short: 'l' },
    last: { short: 'n', value: true },
    filter: { short: 'f', value: true },
    format: { value: true },
  });
  const query = new URLSearchParams();
  if (has('all')) query.set('all', '1');
  const limit = has('latest') ? '1' : value('last');
  if (limit !== undefined) query.set('limit', limit);
  if (values('filter').length > 0) query.set('filters', JSON.stringify(filters(values('filter'))));
  const found = (await api.call('GET', `/containers/json?${query}`)) as Listed[];
  const short = (id: string) => (has('no-trunc') ? id : id.slice(0, 12));
  if (has('quiet')) {
    process.stdout.write(found.map(({ Id }) => `${short(Id)}\n`).join(''));
    return;
  }
  const rows = found.map((container) => ({
    ID: short(container.Id),
    Image: container.Image,
    Command: quoteCommand(container.Command, has('no-trunc')),
    RunningFor: `${durationText(Date.now() - container.Created * 1000)} ago`,
    Status: container.Status,
    Ports: container.Ports.map(portText).join(', '),
    Names: container.Names.map((name) => name.slice(1)).join(','),
    State: container.State,
  }));
  const template = value('format');
  if (template !== undefined) {
    process.stdout.write(rows.map((row) => `${formatTemplate(template, row)}\n`).join(''));
    return;
  }
  const head = ['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES'];
  process.stdout.write(
    formatTable([head, ...rows.map((row) => [row.ID, row.Image, row.Command, row.RunningFor, row.Status, row.Ports, row.Names])]),
  );
}

export async function logsCommand(api: ApiClient, args: string[]): Promise<void> {
  const { words, has, value } = parseArguments('logs', args, {
    follow: { short: 'f' },
    timestamps: { short: 't' },
    tail: { short: 'n', value: true },
    since: { value: true },
  });
  requireWords('logs', words, 1, 1);
  const path = pathOf(words[0]!);
  const { Config } = (await api.call('GET', `${path}/json`)) as { Config: { Tty: boolean } };
  const query = new URLSearchParams({ stdout: '1', stderr: '1', tail: value('tail') ?? 'all' });
  if (has('follow')) query.set('follow', '1');
  if (has('timestamps')) query.set('timestamps', '1');
  if (value('since') !== undefined) query.set('since', sinceTime(value('since')!));
  await copyOutput(await api.stream('GET', `${path}/logs?${query}`), Config.Tty);
}

export function startCommand(api: ApiClient, args: string[]): Promise<void> {
  return forEach('start', parseArguments('start', args, {}), (name) => api.call('POST', `${pathOf(name)}/start`));
}

export function stopCommand(api: ApiClient, args: string[]): Promise<void> {
  return stopOrRestart('stop', api, args);
}

export function restartCommand(api: ApiClient, args: string[]): Promise<void> {
  return stopOrRestart('restart', api, args);
}

export function killCommand(api: ApiClient, args: string[]): Promise<void> {
  const parsed = parseArguments('kill', args, { signal: { short: 's', value: true } });
  const signal = encodeURIComponent(parsed.value('signal') ?? 'KILL');
  return forEach('kill', parsed, (name) => api.call('POST', `${pathOf(name)}/kill?signal=${signal}`));
}

export function rmCommand(api: ApiClient, args: string[]): Promise<void> {
  const parsed = parseArguments('rm', args, { force: { short: 'f' }, volumes: { short: 'v' } });
  return forEach('rm', parsed, (name) => api.call('DELETE', `${pathOf(name)}${parsed.has('force') ? '?force=1' : ''}`));
}

export async function waitCommand(api: ApiClient, args: string[]): Promise<void> {
  const parsed = parseArguments('wait', args, {});
  await forEach('wait', parsed, async (name) =>
    String(((await api.call('POST', `${pathOf(name)}/wait`)) as { StatusCode: number }).StatusCode),
  );
}

export function pauseCommand(api: ApiClient, args: string[]): Promise<void> {
  return forEach('pause', parseArguments('pause', args, {}), (name) => api.call('POST', `${pathOf(name)}/pause`));
}

export function unpauseCommand(api: ApiClient, args: string[]): Promise<void> {
  return forEach('unpause', parseArguments('unpause', args, {}), (name) => api.call('POST', `${pathOf(name)}/unpause`));
}

export async function renameCommand(api: ApiClient, args: string[]): Promise<void> {
  const { words } = parseArguments('rename', args, {});
  requireWords('rename', words, 2, 2);
  await api.call('POST', `${pathOf(words[0]!)}/rename?name=${encodeURIComponent(words[1]!)}`);
}

/** `80/tcp -> 0.0.0.0:8080`, or only the latter for one port. */
export async function portCommand(api: ApiClient, args: string[]): Promise<void> {
  const { words } = parseArguments('port', args, {});
  requireWords('port', words, 1, 2);
  const { NetworkSettings } = (await api.call('GET', `${pathOf(words[0]!)}/json`)) as {
    NetworkSettings: { Ports: Record<string, { HostIp: string; HostPort: string }[] | null> };
  };
  const wanted = words[1] === undefined ? null : words[1].includes('/') ? words[1] : `${words[1]}/tcp`;
  const lines = Object.entries(NetworkSettings.Ports).flatMap(([port, targets]) =>
    (targets ?? []).flatMap(({ HostIp, HostPort }) => {
      if (wanted === null) return [`${port} -> ${HostIp}:${HostPort}\n`];
      return port === wanted ? [`${HostIp}:${HostPort}\n`] : [];
    }),
  );
  if (wanted !== null && lines.length === 0) throw new CommandError(`Error: No public port '${wanted}' published for ${words[0]}`);
  process.stdout.write(lines.join(''));
}

/** Containers first, then images, as Docker looks for a name. */
export async function inspectCommand(api: ApiClient, args: string[]): Promise<void> {
  const { words, value } = parseArguments('inspect', args, { format: { short: 'f', value: true }, type: { value: true } });
  requireWords('inspect', words, 1);
  const found: unknown[] = [];
  const missing: string[] = [];
  for (const name of words) {
    const kinds = value('type') === undefined ? ['container', 'image'] : [value('type')];
    let object: unknown = null;
    for (const kind of kinds) object ??= await api.call('GET', `/${kind}s/${encodeURIComponent(name)}/json`).catch(ifMissing);
    if (object) found.push(object);
    else missing.push(name);
  }
  const template = value('format');
  if (template === undefined) process.stdout.write(`${JSON.stringify(found, null, 4)}\n`);
  else process.stdout.write(found.map((object) => `${formatTemplate(template, object)}\n`).join(''));
  if (missing.length > 0) throw new CommandError(missing.map((name) => `Error: No such object: ${name}`).join('\n'));
}

function ifMissing(error: unknown): null {
  if (error instanceof CommandError && 'code' in error && error.code === 404) return null;
  throw error;
}

/** Both wait so long before they kill. */
function stopOrRestart(command: 'stop' | 'restart', api: ApiClient, args: string[]): Promise<void> {
  const parsed = parseArguments(command, args, { time: { short: 't', value: true } });
  const time = parsed.value('time');
  const query = time === undefined ? '' : `?t=${encodeURIComponent(time)}`;
  return forEach(command, parsed, (name) => api.call('POST', `${pathOf(name)}/${command}${query}`));
}

function pathOf(name: string): string {
  return `/containers/${encodeURIComponent(name)}`;
}

function filters(written: string[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const filter of written) {
    const equals = filter.indexOf('=');
    if (equals === -1) throw new CommandError(`invalid argument "${filter}" for "-f, --filter": NAME=VALUE is expected`);
    const name = filter.slice(0, equals);
    found[name] = [...(found[name] ?? []), filter.slice(equals + 1)];
  }
  return found;
}

function quoteCommand(command: string, whole: boolean): string {
  return `"${whole || command.length <= 20 ? command : `${command.slice(0, 19)}…`}"`;
}

function portText({ IP, PrivatePort, PublicPort, Type }: Listed['Ports'][number]): string {
  return PublicPort === undefined ? `${PrivatePort}/${Type}` : `${IP}:${PublicPort}->${PrivatePort}/${Type}`;
}

/** `10m` means ten minutes ago; dates and seconds are the daemon's to read. */
function sinceTime(written: string): string {
  const match = /^(\d+)([smh])$/.exec(written);
  if (!match) return written;
  const unit = { s: 1, m: 60, h: 3600 }[match[2] as 's' | 'm' | 'h'];
  return String(Date.now() / 1000 - Number(match[1]) * unit);
}
