// The routes of the Docker Engine API about what runs in a container: top and stats.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { ApiCall, Route } from './api-call.ts';
import type { Container } from './container.ts';
import { sum } from './container-limits.ts';
import type { Containers } from './containers.ts';
import { commandOf, type TreeProcess } from './process-tree.ts';

const sampleMs = 1000;

export function processRoutes(containers: Containers): Route[] {
  return [
    [
      'GET',
      /^\/containers\/([^/]+)\/top$/,
      (call) => {
        const Titles = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'];
        call.json(200, { Titles, Processes: containers.find(call.params[0]!).tree().map(processRow) });
      },
    ],
    ['GET', /^\/containers\/([^/]+)\/stats$/, (call) => sendStats(call, containers.find(call.params[0]!))],
  ];
}

function processRow({ pid, parent, startTime, cpuMs }: TreeProcess): string[] {
  const ageMs = uptimeMs() - startTime * 10;
  const start = new Date(Date.now() - ageMs).toTimeString().slice(0, 5);
  const share = Math.min(99, Math.floor((cpuMs / Math.max(1, ageMs)) * 100));
  const time = new Date(cpuMs).toISOString().slice(11, 19);
  return ['root', String(pid), String(parent), String(share), start, '?', time, commandText(commandOf(pid))];
}

/** As it was asked for, without the lab's own init; and whatever a program calls itself, it is one line. */
function commandText(words: string[]): string {
  const asked = words[1] === '--require' && words[2]?.endsWith('init.cjs') ? ['node', ...words.slice(3)] : words;
  return asked.join(' ').replace(/\p{Cc}/gu, '?');
}

/** The processor's share is the difference of two samples, which the client works out. */
async function sendStats(call: ApiCall, container: Container): Promise<void> {
  const streaming = !['0', 'false'].includes(call.query.get('stream') ?? '1');
  let before = sample(container);
  const output = call.stream('application/json');
  do {
    if (!['1', 'true'].includes(call.query.get('one-shot') ?? ''))
      await setTimeout(sampleMs, undefined, { signal: call.signal }).catch(() => undefined);
    if (call.signal.aborted) return;
    const now = sample(container);
    output.write(`${JSON.stringify({ ...now, precpu_stats: before.cpu_stats, preread: before.read })}\n`);
    before = now;
  } while (streaming);
  output.end();
}

function sample(container: Container) {
  const { record } = container;
  const running = record.state.status === 'running';
  const tree = running ? container.tree() : [];
  const all = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!.split(/ +/).slice(1, 9);
  const ticks = all.reduce((total, field) => total + Number(field), 0);
  return {
    read: new Date().toISOString(),
    name: `/${record.name}`,
    id: record.id,
    pids_stats: running ? { current: sum(tree, 'threads'), limit: record.options.pidsLimit } : {},
    memory_stats: running ? { usage: sum(tree, 'memory'), limit: record.options.memory, stats: {} } : {},
    cpu_stats: {
      cpu_usage: { total_usage: sum(tree, 'cpuMs') * 1e6 },
      system_cpu_usage: ticks * 1e7,
      online_cpus: cpus().length,
    },
    blkio_stats: {},
    networks: {},
  };
}

function uptimeMs(): number {
  return Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1000;
}
