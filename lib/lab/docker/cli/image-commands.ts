// The commands about images, and about the daemon itself.
import { durationText, sizeText } from '../duration-text.ts';
import type { ApiClient } from './api-client.ts';
import { parseArguments } from './arguments.ts';
import { forEach } from './for-each.ts';
import { formatTable, formatTemplate } from './table.ts';

interface Listed {
  Id: string;
  RepoTags: string[];
  Created: number;
  Size: number;
}

export async function imagesCommand(api: ApiClient, args: string[]): Promise<void> {
  const { words, has, value } = parseArguments('images', args, {
    all: { short: 'a' },
    quiet: { short: 'q' },
    'no-trunc': {},
    format: { value: true },
  });
  const query = words[0] === undefined ? '' : `?filters=${encodeURIComponent(JSON.stringify({ reference: [words[0]] }))}`;
  const found = (await api.call('GET', `/images/json${query}`)) as Listed[];
  const short = (id: string) => (has('no-trunc') ? id : id.slice('sha256:'.length, 'sha256:'.length + 12));
  if (has('quiet')) {
    process.stdout.write(found.map(({ Id }) => `${short(Id)}\n`).join(''));
    return;
  }
  const rows = found.flatMap((image) =>
    image.RepoTags.map((name) => ({
      Repository: name.slice(0, name.lastIndexOf(':')),
      Tag: name.slice(name.lastIndexOf(':') + 1),
      ID: short(image.Id),
      CreatedSince: `${durationText(Date.now() - image.Created * 1000)} ago`,
      Size: sizeText(image.Size),
    })),
  );
  const template = value('format');
  if (template !== undefined) {
    process.stdout.write(rows.map((row) => `${formatTemplate(template, row)}\n`).join(''));
    return;
  }
  const head = ['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE'];
  process.stdout.write(formatTable([head, ...rows.map((row) => Object.values(row))]));
}

export function rmiCommand(api: ApiClient, args: string[]): Promise<void> {
  const parsed = parseArguments('rmi', args, { force: { short: 'f' } });
  return forEach('rmi', parsed, async (name) => {
    const gone = await api.call('DELETE', `/images/${encodeURIComponent(name)}${parsed.has('force') ? '?force=1' : ''}`);
    const entries = (gone as Record<string, string>[]).flatMap((entry) => Object.entries(entry));
    return entries.map(([what, id]) => `${what}: ${id}`).join('\n');
  });
}

export async function versionCommand(api: ApiClient, args: string[]): Promise<void> {
  parseArguments('version', args, {});
  process.stdout.write(`Client:\n${fields({ Version: '1.0.0', 'API version': '1.43', Runtime: `Node ${process.versions.node}` }, ' ')}\n`);
  const server = (await api.call('GET', '/version')) as {
    Platform: { Name: string };
    Version: string;
    ApiVersion: string;
    MinAPIVersion: string;
  };
  process.stdout.write(
    `Server: ${server.Platform.Name}\n Engine:\n${fields({ Version: server.Version, 'API version': `${server.ApiVersion} (minimum version ${server.MinAPIVersion})` }, '  ')}`,
  );
}

export async function infoCommand(api: ApiClient, args: string[]): Promise<void> {
  parseArguments('info', args, {});
  const info = (await api.call('GET', '/info')) as Record<string, unknown> & { SecurityOptions: string[]; Warnings: string[] | null };
  process.stdout.write(
    fields({
      Containers: info.Containers,
      ' Running': info.ContainersRunning,
      ' Stopped': info.ContainersStopped,
      Images: info.Images,
      'Server Version': info.ServerVersion,
      'Storage Driver': info.Driver,
      'Logging Driver': info.LoggingDriver,
      'Security Options': info.SecurityOptions.map((option) => option.replace('name=', '')).join(', ') || 'none',
      'Kernel Version': info.KernelVersion,
      'Operating System': info.OperatingSystem,
      CPUs: info.NCPU,
      'Total Memory': sizeText(info.MemTotal as number),
      Name: info.Name,
      'Docker Root Dir': info.DockerRootDir,
    }),
  );
  for (const warning of info.Warnings ?? []) process.stderr.write(`${warning}\n`);
}

function fields(values: Record<string, unknown>, indent = ''): string {
  return Object.entries(values)
    .map(([name, value]) => `${indent}${name}: ${value}\n`)
    .join('');
}
