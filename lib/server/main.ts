// The composition root. Read downwards, this is the order in which the app starts; closers run upwards.
import { AsyncResource } from 'node:async_hooks';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { observeCluster } from '#lib/cluster/observer.ts';
import { sandboxAdvice } from '#lib/doctor/sandbox.ts';
import { findProgram, missingTools } from '#lib/doctor/tools.ts';
import { markVariable } from '#lib/lab/api.ts';
import type { ExpectationReport } from '#lib/shared/check.ts';
import { type ClusterState, servingAddress } from '#lib/shared/cluster.ts';
import type { Notice, TerminalState } from '#lib/shared/protocol.ts';
import { startPtyHost } from '#lib/terminal/pty-host.ts';
import { openActivity } from '#lib/tutorial/activity.ts';
import { createChecker } from '#lib/tutorial/checker.ts';
import { createChecks } from '#lib/tutorial/checks.ts';
import { createExpectations } from '#lib/tutorial/expectations.ts';
import { openProgress } from '#lib/tutorial/progress.ts';
import { openRunRecords } from '#lib/tutorial/run-records.ts';
import { createRunner } from '#lib/tutorial/runner.ts';
import { startChildren } from './children.ts';
import { createDrivers } from './drivers.ts';
import { createGate } from './gate.ts';
import type { Host } from './host.ts';
import { hostSlot } from './host-slot.ts';
import { listenOn } from './listen.ts';
import { openPages } from './pages.ts';
import { openPreview } from './preview.ts';
import { readSettings } from './settings.ts';
import { createClosers } from './shutdown.ts';
import { openSockets, welcomePage } from './sockets.ts';
import { endSurvivors } from './survivors.ts';
import { createTerminals } from './terminals.ts';
import { closeWeb, createWebServer, serveWeb } from './web.ts';
import { openWorkspace, WorkspaceBusy, workspaceToken } from './workspace.ts';

const began = Date.now();
/** What a click sets going would keep its whole request alive: Next follows a request through everything that begins in it. */
const outside = new AsyncResource('the server');
const root = process.cwd();
/** The bundles lie side by side, this one among them. */
const programs = fileURLToPath(new URL('.', import.meta.url));
const closers = createClosers((message) => console.error(message));
/** What has not closed by then is left to its own pipe to this process. */
const shutdownMs = 4800;
// The reader of our lines may go away; the app stays.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
/** Another instance has the workspace. */
const busyStatus = 3;

try {
  await start();
} catch (error) {
  if (error instanceof WorkspaceBusy && error.running) {
    console.log(`Already running (process ${error.running.pid}):\n\n  ${error.running.url}\n`);
    process.exit(busyStatus);
  }
  console.error(error instanceof Error ? error.message : error);
  await closers.close();
  process.exit(1);
}

async function start() {
  const settings = readSettings(root, programs, process.argv.slice(2), process.env);
  const workspace = await openWorkspace(settings.workspace);
  closers.add('the workspace', () => workspace.close());
  // After everything else: what left its session, as with `setsid`, has heard nothing of the end of its terminal.
  closers.add('what was left behind', () => void endSurvivors(workspace.mark));
  stopOnSignals();

  const { io, engine } = openSockets();
  let notices: Notice[] = [];
  for (const { program, advice } of missingTools(settings.inherited.PATH ?? '')) announce(`missing-${program}`, 'warning', advice);

  const { default: next } = await import('next'); // not before it is clear that this instance will run: it takes its time
  const pages = next({ dev: settings.dev, dir: root, hostname: 'localhost' });
  const [content, children] = await Promise.all([
    openPages(join(root, 'content'), settings.dev),
    startChildren(settings, workspace, closers, (text) => announce('children', 'warning', text)),
    pages.prepare(),
  ]);
  const { unsandboxed } = await children.lab.status();
  if (unsandboxed !== null) announce('no-sandbox', 'warning', sandboxAdvice(unsandboxed));
  closers.add('the pages', () => pages.close());
  closers.add('the content', () => content.close());

  const web = createWebServer();
  /** Complete once the port is known. */
  let host = 'localhost';

  const ptyHost = startPtyHost({
    program: join(settings.programs, 'pty-host.mjs'),
    environment: { [markVariable]: workspace.mark },
    onCrash: () => announce('pty-host', 'error', 'The process that holds the terminals ended unexpectedly; new shells open in a new one.'),
  });
  closers.add('the process of the terminals', () => ptyHost.close());

  const report = (text: string) => void announce('state', 'warning', text);
  const stateFile = (name: string) => ({ file: join(workspace.state, name), report, failing: storage(name) });
  const progress = openProgress(stateFile('progress.json'));
  closers.add('the progress', () => progress.close());
  const records = openRunRecords(stateFile('runs.jsonl'));
  closers.add('the records of runs', () => records.close());
  const activity = openActivity(stateFile('activity.jsonl'));
  closers.add('the activity log', () => activity.close());
  const { environment } = children;
  const onState = (state: TerminalState) => io.emit('terminal:state', state);
  const terminals = createTerminals({
    host: ptyHost,
    environment,
    run: workspace.run,
    state: workspace.state,
    activity,
    failing: storage('terminals'),
    onState,
    onCommand(command, directory) {
      void children.keys?.remember(command, directory);
      checks.changed();
    },
  });
  closers.add('the terminals', () => terminals.close());
  const { variables } = children;
  const checks = createChecks({
    checker: createChecker({ host: ptyHost, bash: findProgram('bash', environment.PATH ?? '') ?? 'bash', environment, variables }),
    terminal: () => terminals.open('shell'),
    steps: content.steps,
    isDone: (step) => progress.steps().includes(step),
    onDone: (step) => progress.add(step) && io.emit('progress', progress.steps()),
    onCheck: (report) => io.emit('check', report),
  });
  const onExpectation = (report: ExpectationReport) => io.emit('expectation', report);
  const expectations = createExpectations({ terminal: terminals.open, steps: content.steps, variables, onExpectation });
  const runner = createRunner({
    terminal: terminals.open,
    findStep: async (chapter, step) => content.step(chapter, step),
    variables,
    earlier: records.restored,
    onRun(run) {
      checks.ran(run);
      io.emit('run', run);
      expectations.ran(run);
      records.save(run);
      activity.recordRun(run);
    },
  });
  closers.add('the runs', () => runner.close());
  closers.add('the checks', () => checks.close());

  let shownVariables = JSON.stringify(await variables());
  const onCluster = async (state: ClusterState) => {
    io.emit('cluster', state);
    checks.changed();
    const current = await variables().then(JSON.stringify, () => shownVariables); // without a lab they stay
    if (current === shownVariables) return;
    shownVariables = current;
    io.emit('content:changed'); // the pages show the values in their commands
  };
  const cluster = observeCluster({ locate: children.locate, onState: onCluster });
  closers.add('the cluster observer', () => cluster.close());

  const preview = await openPreview({
    port: settings.port === 0 ? 0 : settings.port + 1,
    appOrigin: () => `http://${host}`,
    target: () => servingAddress(cluster.state()),
    connect: cluster.connect,
  });
  closers.add('the preview', () => preview.close());

  const drivers = createDrivers();
  io.on('connection', (page) =>
    welcomePage(page, {
      terminal: terminals.open,
      drivers,
      runner,
      checks,
      expectations,
      cluster: cluster.state,
      progress: progress.steps,
      notices: () => notices,
    }),
  );
  content.onChange(() => io.emit('content:changed'));
  lend({
    chapters: content.chapters,
    chapter: async (slug) => content.chapter(slug, await children.variables()),
    startRun: (request) => outside.runInAsyncScope(() => runner.start(request)),
    preview: () => ({ url: preview.url }),
  });
  const token = workspaceToken(workspace.state);
  const handle = pages.getRequestHandler();
  const port = await listenOn(web, settings.port);
  host = `localhost:${port}`;
  closers.add('the web server', async () => {
    io.emit('server:closing');
    await io.close();
    await closeWeb(web);
  });
  serveWeb(web, {
    gate: createGate(host, token),
    origins: { app: `http://${host}`, preview: preview.origin },
    engine,
    pages: handle,
    dev: settings.dev,
  });

  const url = `http://${host}/?token=${token}`;
  workspace.announce({ pid: process.pid, url, environment });
  if (settings.port !== 0 && port !== settings.port) console.log(`Port ${settings.port} is taken, so the app uses ${port}.`);
  const took = ((Date.now() - began) / 1000).toFixed(1);
  console.log(`CoreOS-Reflector is ready (${took} s). Open this in a browser:\n\n  ${url}\n\nCtrl-C stops it.`);

  function announce(id: string, tone: Notice['tone'], text: string) {
    console.log(text);
    const notice = { id: `${id}-${notices.length}`, tone, text };
    notices.push(notice);
    io.emit('notice', notice);
    return notice.id;
  }

  /** For what cannot be written to disk just now: told while it lasts, and taken back with null. */
  function storage(name: string) {
    let told: string | null = null;
    return (failure: string | null) => {
      if (failure) told = announce(name, 'warning', failure);
      else if (told) {
        notices = notices.filter(({ id }) => id !== told);
        io.emit('notice:over', told);
      }
    };
  }
}

function lend(host: Host) {
  Object.assign(globalThis, { [hostSlot]: host });
}

/** The first signal closes everything in order; a second one does not wait: the children see their pipes end. */
function stopOnSignals() {
  let stopping: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping) {
        // Ctrl-C comes from the terminal and again from npm, which passes it on; the two are one.
        if (performance.now() - stopping > 1000) process.exit(1);
        return;
      }
      stopping = performance.now();
      console.log('\nStopping …');
      setTimeout(() => process.exit(1), shutdownMs).unref();
      closers.close().then(() => process.exit(0));
    });
  }
}
