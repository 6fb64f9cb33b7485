// The commands about what runs in containers: top and stats.
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { binarySizeText } from '../duration-text.ts';
import type { ApiClient } from './api-client.ts';
import { parseArguments, requireWords } from './arguments.ts';
import { formatTable, formatTemplate } from './table.ts';

export async function topCommand(api: ApiClient, args: string[]): Promise<void> {
  const { words } = parseArguments('top', args, {}, true);
  requireWords('top', words, 1);
  const { Titles, Processes } = (await api.call('GET', `/containers/${encodeURIComponent(words[0]!)}/top`)) as {
    Titles: string[];
    Processes: string[][];
  };
  // Docker's own table: columns of twenty at least, and the last one as it is.
  const line = (row: string[]) => row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(20))).join('');
  process.stdout.write([Titles, ...Processes].map((row) => `${line(row)}\n`).join(''));
}

interface Sample {
  id: string;
  name: string;
  pids_stats: { current?: number };
  memory_stats: { usage?: number; limit?: number };
  cpu_stats: Usage;
  precpu_stats: Usage;
}

interface Usage {
  cpu_usage: { total_usage: number };
  system_cpu_usage: number;
  online_cpus: number;
}

/** One sample of each, or without `--no-stream` a new table every second. */
export async function statsCommand(api: ApiClient, args: string[]): Promise<void> {
  const { words, has, value } = parseArguments('stats', args, {
    all: { short: 'a' },
    'no-stream': {},
    'no-trunc': {},
    format: { value: true },
  });
  do {
    const listed = (await api.call('GET', `/containers/json${has('all') ? '?all=1' : ''}`)) as { Id: string }[];
    const names = words.length > 0 ? words : listed.map(({ Id }) => Id);
    const samples = await Promise.all(names.map((name) => takeSample(api, name)));
    const rows = samples.map((sample) => row(sample, has('no-trunc')));
    const template = value('format');
    const head = ['CONTAINER ID', 'NAME', 'CPU %', 'MEM USAGE / LIMIT', 'MEM %', 'PIDS'];
    const text =
      template === undefined
        ? formatTable([head, ...rows.map((cells) => [cells.ID, cells.Name, cells.CPUPerc, cells.MemUsage, cells.MemPerc, cells.PIDs])])
        : rows.map((cells) => `${formatTemplate(template, cells)}\n`).join('');
    process.stdout.write(`${has('no-stream') || !process.stdout.isTTY ? '' : '\u001b[H\u001b[J'}${text}`);
  } while (!has('no-stream'));
}

async function takeSample(api: ApiClient, name: string): Promise<Sample> {
  const answer: IncomingMessage = await api.stream('GET', `/containers/${encodeURIComponent(name)}/stats?stream=0`);
  for await (const line of createInterface({ input: answer })) return JSON.parse(line) as Sample;
  throw new Error(`The daemon says nothing of ${name}.`);
}

function row({ id, name, pids_stats, memory_stats, cpu_stats, precpu_stats }: Sample, whole: boolean) {
  const used = cpu_stats.cpu_usage.total_usage - precpu_stats.cpu_usage.total_usage;
  const total = cpu_stats.system_cpu_usage - precpu_stats.system_cpu_usage;
  const share = used > 0 && total > 0 ? (used / total) * cpu_stats.online_cpus * 100 : 0;
  const { usage = 0, limit = 0 } = memory_stats;
  return {
    ID: whole ? id : id.slice(0, 12),
    Name: name.slice(1),
    CPUPerc: `${share.toFixed(2)}%`,
    MemUsage: `${binarySizeText(usage)} / ${binarySizeText(limit)}`,
    MemPerc: `${(limit > 0 ? (usage / limit) * 100 : 0).toFixed(2)}%`,
    PIDs: String(pids_stats.current ?? 0),
  };
}
