// The machine's systemd.sock: what systemctl and journalctl ask, as HTTP over a Unix socket.
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Journal, JournalEntry, JournalQuery } from '#lib/lab/journal/journal.ts';
import { signalName } from './directive-values.ts';
import type { JobResult } from './jobs.ts';
import type { UnitStatus } from './unit-status.ts';

/** What systemctl can ask for; the last four come down to one of the first. */
export const unitCommandKinds = [
  'start',
  'stop',
  'restart',
  'reload',
  'try-restart',
  'reload-or-restart',
  'reload-or-try-restart',
] as const;
export type UnitCommandKind = (typeof unitCommandKinds)[number];
export type KillWho = 'main' | 'control' | 'all';

/** What the socket may do with the units. */
export interface UnitControl {
  statuses(): UnitStatus[];
  status(name: string): UnitStatus | null;
  /** Queues a job. Rejects with systemd's wording when it cannot be queued; `outcome` is the job's end. */
  run(name: string, kind: UnitCommandKind): Promise<{ outcome: Promise<JobResult> }>;
  /** Throws an Error with systemd's wording when there is nobody to signal. */
  kill(name: string, signal: NodeJS.Signals, who: KillWho): void;
  /** Forgets the failure of one unit, or of all. */
  reset(name: string | null): void;
}

/** The first line of a journal's answer; the entries follow, one per line, and for a slow reader `{ "missed": n }` where some are left out. */
export interface JournalHeader {
  hostname: string;
  machineId: string;
  bootId: string;
  begin: number | null;
  end: number | null;
}

export type JournalLine = JournalEntry | { missed: number };

export interface UnitServer {
  close(): Promise<void>;
}

/** What waits in memory for a reader that follows but does not read. */
const maxBacklog = 1024 * 1024;

export async function serveUnits(options: {
  path: string;
  control: UnitControl;
  journal: Journal;
  machineId: string;
}): Promise<UnitServer> {
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    response.on('error', () => {}); // a reader that went away in the middle of an answer
    answer(request, response, options).catch((error: Error) => {
      if (response.headersSent) response.destroy(error);
      else reply(response, 500, { message: error.message });
    });
  });
  // A socket that an earlier process left behind would refuse the address.
  rmSync(options.path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.path, resolve);
  });
  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { control, journal, machineId }: { control: UnitControl; journal: Journal; machineId: string },
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://systemd');
  const [collection, encoded, action] = url.pathname.split('/').slice(1);
  const name = encoded === undefined ? null : decodeURIComponent(encoded);
  const { method } = request;
  if (method === 'GET' && collection === 'boots' && name === null) reply(response, 200, await journal.boots());
  else if (method === 'GET' && collection === 'journal' && name === null) await sendJournal(response, url.searchParams, journal, machineId);
  else if (method === 'GET' && collection === 'units' && name === null) reply(response, 200, control.statuses());
  else if (method === 'GET' && collection === 'units' && name !== null && action === undefined) {
    const status = control.status(name);
    reply(response, status ? 200 : 404, status ?? { message: `Unit ${name} could not be found.` });
  } else if (method === 'POST' && collection === 'units' && name !== null && action === 'kill') {
    killUnit(response, control, name, url.searchParams);
  } else if (method === 'POST' && collection === 'units' && name !== null && isCommandKind(action)) {
    await runJob(response, control, { name, kind: action, wait: url.searchParams.get('wait') !== '0' });
  } else if (method === 'POST' && collection === 'reset') {
    control.reset(name);
    reply(response, 200, {});
  } else reply(response, 404, { message: `systemd does not know ${method} ${url.pathname}.` });
}

function isCommandKind(action: string | undefined): action is UnitCommandKind {
  return unitCommandKinds.some((kind) => kind === action);
}

function killUnit(response: ServerResponse, control: UnitControl, name: string, parameters: URLSearchParams): void {
  const signal = signalName(parameters.get('signal') ?? 'SIGTERM');
  const who = parameters.get('who') ?? 'all';
  try {
    if (signal === null) throw new Error(`Failed to parse signal string ${parameters.get('signal')}.`);
    if (who !== 'all' && who !== 'main' && who !== 'control') throw new Error(`Invalid who argument ${who}.`);
    control.kill(name, signal, who);
    reply(response, 200, {});
  } catch (error) {
    reply(response, 409, { message: (error as Error).message });
  }
}

async function runJob(
  response: ServerResponse,
  control: UnitControl,
  { name, kind, wait }: { name: string; kind: UnitCommandKind; wait: boolean },
) {
  let job: Awaited<ReturnType<UnitControl['run']>>;
  try {
    job = await control.run(name, kind);
  } catch (error) {
    reply(response, 409, { message: (error as Error).message });
    return;
  }
  reply(response, 200, { result: wait ? await job.outcome : 'queued' });
}

/** Query parameters: unit (any number), identifier, pid, since and until (milliseconds since 1970), priority, lines, boot (1: the present one), follow=1. */
async function sendJournal(response: ServerResponse, parameters: URLSearchParams, journal: Journal, machineId: string): Promise<void> {
  const query: JournalQuery = {
    ...unitsIn(parameters),
    ...(parameters.has('identifier') && { identifier: parameters.get('identifier')! }),
    ...(parameters.has('boot') && { boot: parameters.get('boot') === '1' ? journal.bootId : parameters.get('boot')! }),
    ...numeric(parameters, 'pid'),
    ...numeric(parameters, 'since'),
    ...numeric(parameters, 'until'),
    ...numeric(parameters, 'priority'),
    ...numeric(parameters, 'lines'),
  };
  const asked = journal.query(query);
  const early: JournalEntry[] = [];
  let deliver = (entry: JournalEntry) => void early.push(entry);
  // Begun in the turn of the query, so that nothing is lost or doubled between the two.
  const stop = parameters.get('follow') === '1' ? journal.follow(query, (entry) => deliver(entry)) : null;
  response.once('close', () => stop?.());
  const { begin, end, entries } = await asked;
  const header: JournalHeader = { hostname: journal.hostname, machineId, bootId: journal.bootId, begin, end };
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.write(`${[header, ...entries].map((line) => JSON.stringify(line)).join('\n')}\n`);
  if (!stop) {
    response.end();
    return;
  }
  let missed = 0;
  deliver = (entry) => {
    if (response.writableLength > maxBacklog) {
      missed++;
      return;
    }
    if (missed > 0) response.write(`${JSON.stringify({ missed })}\n`);
    missed = 0;
    response.write(`${JSON.stringify(entry)}\n`);
  };
  early.forEach(deliver);
}

function unitsIn(parameters: URLSearchParams): Pick<JournalQuery, 'unit'> {
  const units = parameters.getAll('unit');
  return units.length === 0 ? {} : { unit: units.length === 1 ? units[0]! : units };
}

function numeric(parameters: URLSearchParams, name: 'since' | 'until' | 'pid' | 'priority' | 'lines'): Partial<JournalQuery> {
  const text = parameters.get(name);
  return text !== null && /^\d+$/.test(text) ? { [name]: Number(text) } : {};
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
