// The container routes of the Docker Engine API.
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import type { ApiCall, Route } from './api-call.ts';
import { ApiError } from './api-error.ts';
import { parseFilters } from './api-filters.ts';
import type { Container } from './container.ts';
import type { ContainerOptions } from './container-options.ts';
import { inspectedContainer, listedContainer, statusOf } from './container-view.ts';
import type { Viewer } from './container-viewers.ts';
import type { Containers } from './containers.ts';
import { encodeFrame, type OutputStream } from './stream-frames.ts';

export function containerRoutes(containers: Containers): Route[] {
  const named = (call: ApiCall) => containers.find(call.params[0]!);
  return [
    [
      'GET',
      /^\/containers\/json$/,
      (call) =>
        call.json(
          200,
          listed(containers, call.query).map(({ record }) => listedContainer(record)),
        ),
    ],
    [
      'POST',
      /^\/containers\/create$/,
      async (call) => {
        const { record } = await containers.create(call.query.get('name') ?? '', await call.body());
        call.json(201, { Id: record.id, Warnings: warningsFor(record.options) });
      },
    ],
    ['GET', /^\/containers\/([^/]+)\/json$/, (call) => call.json(200, inspectedContainer(named(call).record))],
    ['POST', /^\/containers\/([^/]+)\/start$/, async (call) => call.empty((await named(call).start()) ? 204 : 304)],
    [
      'POST',
      /^\/containers\/([^/]+)\/stop$/,
      async (call) => {
        const container = named(call);
        call.empty((await container.stop(seconds(call, container))) ? 204 : 304);
      },
    ],
    [
      'POST',
      /^\/containers\/([^/]+)\/restart$/,
      async (call) => {
        const container = named(call);
        await container.stop(seconds(call, container));
        await container.start();
        call.empty(204);
      },
    ],
    [
      'POST',
      /^\/containers\/([^/]+)\/kill$/,
      (call) => {
        named(call).kill(parseSignal(call.query.get('signal') || 'SIGKILL'));
        call.empty(204);
      },
    ],
    [
      'POST',
      /^\/containers\/([^/]+)\/wait$/,
      async (call) => {
        const condition = call.query.get('condition') || 'not-running';
        if (condition !== 'not-running' && condition !== 'next-exit' && condition !== 'removed') {
          throw new ApiError(400, `invalid condition: "${condition}"`);
        }
        const ended = named(call).wait(condition);
        // The head goes out now: clients start the container once they know that somebody waits.
        const output = call.stream('application/json');
        output.end(`${JSON.stringify({ StatusCode: await ended })}\n`);
      },
    ],
    [
      'POST',
      /^\/containers\/([^/]+)\/(pause|unpause)$/,
      async (call) => {
        await named(call).pause(call.params[1] === 'pause');
        call.empty(204);
      },
    ],
    [
      'POST',
      /^\/containers\/([^/]+)\/rename$/,
      async (call) => {
        await containers.rename(call.params[0]!, call.query.get('name') ?? '');
        call.empty(204);
      },
    ],
    ['POST', /^\/containers\/([^/]+)\/attach$/, (call) => attach(call, named(call))],
    ['GET', /^\/containers\/([^/]+)\/logs$/, (call) => sendLogs(call, named(call))],
    // Nothing to resize, and a client that asks anyway should not stumble.
    ['POST', /^\/containers\/([^/]+)\/resize$/, (call) => call.empty(200)],
    [
      'DELETE',
      /^\/containers\/([^/]+)$/,
      async (call) => {
        await named(call).remove(isTrue(call.query.get('force')));
        call.empty(204);
      },
    ],
  ];
}

/** What a stream of a container's output is called; without a terminal, two streams share the connection. */
export function streamType(tty: boolean): string {
  return tty ? 'application/vnd.docker.raw-stream' : 'application/vnd.docker.multiplexed-stream';
}

/** Sends output to a client that may be slow, or gone. */
export function viewerOf(output: Writable, tty: boolean, wanted: OutputStream[]): Viewer {
  return {
    input: null,
    output(stream, bytes) {
      if (wanted.includes(stream) && !output.destroyed) output.write(tty ? bytes : encodeFrame(stream, bytes));
    },
    ready() {
      if (!output.writableNeedDrain || output.destroyed) return null;
      return new Promise((resolve) => {
        const done = () => {
          output.off('drain', done).off('close', done);
          resolve();
        };
        output.on('drain', done).on('close', done);
      });
    },
    end: () => void output.end(),
  };
}

function attach(call: ApiCall, container: Container): void {
  const { tty, openStdin } = container.record.options;
  const { output, input } = call.hijack(streamType(tty));
  const wantsInput = isTrue(call.query.get('stdin')) && openStdin;
  const viewer = { ...viewerOf(output, tty, wantedStreams(call)), input: wantsInput ? input : null };
  if (!wantsInput) input?.resume(); // so that the end of the connection is noticed
  if (!isTrue(call.query.get('stream'))) {
    output.end();
    return;
  }
  const detach = container.attach(viewer);
  call.signal.addEventListener('abort', detach);
}

async function sendLogs(call: ApiCall, container: Container): Promise<void> {
  const streams = wantedStreams(call);
  if (streams.length === 0) throw new ApiError(400, 'Bad parameters: you must choose at least one stream');
  const tail = call.query.get('tail') ?? 'all';
  const since = timestamp(call.query.get('since'));
  const until = timestamp(call.query.get('until')) ?? Number.POSITIVE_INFINITY;
  const { tty } = container.record.options;
  const output = call.stream(streamType(tty));
  const lines = container.log.read({
    tail: /^\d+$/.test(tail) ? Number(tail) : Number.POSITIVE_INFINITY,
    follow: isTrue(call.query.get('follow')),
    signal: call.signal,
  });
  for await (const { log, stream, time } of lines) {
    const at = Date.parse(time);
    if (!streams.includes(stream) || at < (since ?? 0) || at > until) continue;
    const bytes = Buffer.from(isTrue(call.query.get('timestamps')) ? `${time} ${log}` : log);
    if (!output.write(tty ? bytes : encodeFrame(stream, bytes)))
      await once(output, 'drain', { signal: call.signal }).catch(() => undefined);
    if (call.signal.aborted) return;
  }
  output.end();
}

function listed(containers: Containers, query: URLSearchParams): Container[] {
  const filters = parseFilters(query.get('filters'), ['name', 'id', 'status', 'ancestor', 'label']);
  const limit = Number(query.get('limit') ?? 0);
  const all = isTrue(query.get('all')) || limit > 0 || filters.status !== undefined;
  const allows = (wanted: string[] | undefined, test: (value: string) => boolean) => !wanted || wanted.length === 0 || wanted.some(test);
  const found = containers
    .list()
    .filter(
      ({ record }) =>
        (all || record.state.status === 'running') &&
        allows(filters.name, (name) => record.name.includes(name.replace(/^\^?\/?/, '').replace(/\$$/, ''))) &&
        allows(filters.id, (id) => record.id.startsWith(id)) &&
        allows(filters.status, (status) => statusOf(record) === status) &&
        allows(filters.ancestor, (image) => record.options.image === image || record.imageId.includes(image)) &&
        allows(filters.label, (label) => matchesLabel(record.options.labels, label)),
    );
  return limit > 0 ? found.slice(0, limit) : found;
}

/** What was asked for and taken, but has no effect here. */
function warningsFor({ tty, nanoCpus }: ContainerOptions): string[] {
  return [
    ...(tty ? ['The lab gives containers no terminal: the program writes to a pipe.'] : []),
    ...(nanoCpus > 0 ? ['The lab does not limit processor time: --cpus is noted only.'] : []),
  ];
}

function matchesLabel(labels: Record<string, string>, wanted: string): boolean {
  const [name = '', value] = wanted.split('=', 2);
  return Object.hasOwn(labels, name) && (value === undefined || labels[name] === value);
}

function wantedStreams(call: ApiCall): OutputStream[] {
  return (['stdout', 'stderr'] as const).filter((stream) => isTrue(call.query.get(stream)));
}

function seconds(call: ApiCall, container: Container): number {
  const asked = call.query.get('t');
  if (asked === null) return container.record.options.stopTimeout;
  if (!/^-?\d+$/.test(asked)) throw new ApiError(400, `invalid timeout: ${asked}`);
  return Number(asked) < 0 ? 2_000_000 : Math.min(Number(asked), 2_000_000); // a timer holds no more than 24 days
}

/** `TERM`, `SIGTERM` or `15`. */
function parseSignal(text: string): NodeJS.Signals {
  const name = /^\d+$/.test(text)
    ? Object.entries(constants.signals).find(([, number]) => number === Number(text))?.[0]
    : `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  if (!name || !Object.hasOwn(constants.signals, name)) throw new ApiError(400, `invalid signal: ${text}`);
  return name as NodeJS.Signals;
}

/** Unix seconds with a fraction, or a date. */
function timestamp(text: string | null): number | null {
  if (!text || text === '0') return null;
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) || null;
}

function isTrue(text: string | null): boolean {
  return text === '1' || text?.toLowerCase() === 'true';
}
