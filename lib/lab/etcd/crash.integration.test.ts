import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';

interface Answer {
  index: number;
  value: string;
}

/** Acknowledged: with the moments between which it happened. */
interface Operation extends Answer {
  kind: 'read' | 'write';
  began: number;
  ended: number;
}

const writesInAll = 10_000;
/** Then its disk stops, and a little later it is killed. */
const writesPerLife = 4000;
const clients = 24;
const sharers = 8;

test('a server that is killed while it writes keeps what it acknowledged, and never goes back in time', { timeout: 300_000 }, async () => {
  const { start } = await prepare();
  const acknowledged = new Map<string, Answer>();
  const register: Operation[] = [];
  let written = 0;

  /** Writes keys of its own until the server is gone: whatever is under way then may have happened or not. */
  async function writeOwn(port: number, agent: Agent): Promise<void> {
    for (;;) {
      const value = String(written++);
      const key = `/own/${value}`;
      acknowledged.set(key, await send(agent, port, 'PUT', key, value));
    }
  }

  /** Works on one key that all share. */
  async function share(port: number, agent: Agent, kind: Operation['kind']): Promise<void> {
    const began = performance.now();
    const answer = await send(agent, port, kind === 'write' ? 'PUT' : 'GET', '/shared', String(written++));
    register.push({ ...answer, kind, began, ended: performance.now() });
  }

  async function goOnSharing(port: number, agent: Agent, kind: Operation['kind']): Promise<void> {
    for (;;) await share(port, agent, kind);
  }

  while (acknowledged.size < writesInAll) {
    const { port } = await start(writesPerLife);
    const agent = new Agent({ keepAlive: true });
    // By itself, before new writes hide what is missing.
    await share(port, agent, register.length === 0 ? 'write' : 'read');
    await Promise.allSettled([
      ...Array.from({ length: clients }, () => writeOwn(port, agent)),
      ...Array.from({ length: sharers }, (_, number) => goOnSharing(port, agent, number % 4 === 0 ? 'write' : 'read')),
    ]);
    agent.destroy();
  }

  const { port } = await start();
  const listing = await list(port, '/own');
  const lost = [...acknowledged].filter(([key, answer]) => {
    const kept = listing.get(key);
    return kept?.index !== answer.index || kept.value !== answer.value;
  });
  expect(lost.slice(0, 3)).toEqual([]);
  expect(disagreements(register).slice(0, 3)).toEqual([]);
});

/** Where a client saw something older than what somebody had seen before he asked, or two saw different values of one moment. */
function disagreements(history: Operation[]): unknown[] {
  const values = new Map<number, string>();
  const found: unknown[] = [];
  const byEnd = [...history].sort((a, b) => a.ended - b.ended);
  let newest = 0;
  let at = 0;
  for (const operation of [...history].sort((a, b) => a.began - b.began)) {
    for (; byEnd[at]!.ended < operation.began; at++) newest = Math.max(newest, byEnd[at]!.index);
    const isStale = operation.kind === 'write' ? operation.index <= newest : operation.index < newest;
    if (isStale) found.push({ operation, newest });
    if ((values.get(operation.index) ?? operation.value) !== operation.value) found.push({ operation, other: values.get(operation.index) });
    values.set(operation.index, operation.value);
  }
  return found;
}

async function prepare() {
  const directory = await mkdtemp(join(tmpdir(), 'etcd-crash-'));
  const running = new Set<ChildProcess>();
  onTestFinished(async () => {
    for (const child of running) child.kill('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  });
  const program = join(directory, 'etcd.mjs');
  const entry = fileURLToPath(new URL('etcd-process.ts', import.meta.url));
  await build({ entryPoints: [entry], outfile: program, bundle: true, platform: 'node', format: 'esm', logLevel: 'warning' });
  const data = join(directory, 'data');
  return {
    /** @param writes so many until it ends; absent: it lives on */
    async start(writes?: number) {
      const child = spawn(process.execPath, [program, data, ...(writes === undefined ? [] : [String(writes)])], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      running.add(child);
      child.once('exit', () => running.delete(child));
      const [said] = await once(child.stdout!, 'data');
      return { port: Number(said) };
    },
  };
}

function send(agent: Agent, port: number, method: string, key: string, value: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const form = method === 'PUT' ? `value=${value}` : undefined;
    const headers = form ? { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': form.length } : {};
    const sent = request({ agent, port, host: '127.0.0.1', method, path: `/v2/keys${key}`, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => (body += chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { node } = JSON.parse(body);
        resolve({ index: node.modifiedIndex, value: node.value });
      });
    });
    sent.on('error', reject).end(form);
  });
}

async function list(port: number, key: string): Promise<Map<string, Answer>> {
  const answer = await fetch(`http://127.0.0.1:${port}/v2/keys${key}`);
  const { node } = (await answer.json()) as { node: { nodes: { key: string; value: string; modifiedIndex: number }[] } };
  return new Map(node.nodes.map((each) => [each.key, { index: each.modifiedIndex, value: each.value }]));
}
