// One container from its creation to its removal.
import { EventEmitter } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ApiError } from './api-error.ts';
import { type LimitWatch, watchLimits } from './container-limits.ts';
import { type ContainerLog, openContainerLog } from './container-log.ts';
import { type ProcessOptions, type RunningProcess, signalProcess, startProcess } from './container-process.ts';
import { type ContainerRecord, exitCodeOf, saveRecord } from './container-record.ts';
import { ensureInRoot, writeHostFiles } from './container-root.ts';
import { socketName } from './container-setting.ts';
import { locateVolumes, removeAnonymous } from './container-volumes.ts';
import type { TreeProcess } from './process-tree.ts';
import type { Isolation } from './sandbox.ts';
import type { OutputStream } from './stream-frames.ts';

export interface Container {
  readonly record: ContainerRecord;
  readonly log: ContainerLog;
  /** Resolves once the program runs; false if it ran already. */
  start(): Promise<boolean>;
  /** Asks, waits `seconds`, kills; false if nothing ran. */
  stop(seconds: number): Promise<boolean>;
  kill(signal: NodeJS.Signals): void;
  /** The exit status: at once if nothing runs, of the next end, or when the container is gone. */
  wait(condition: 'not-running' | 'next-exit' | 'removed'): Promise<number>;
  /** Sends the output from now on, and its end; answers with the function that detaches. */
  attach(viewer: Viewer): () => void;
  /** Runs one more Node program in the running container. */
  exec(options: Pick<ProcessOptions, 'argv' | 'env' | 'workingDir' | 'stdin'>): Promise<RunningProcess>;
  /** Another name for it; the caller sees to it that no other container has it. */
  rename(name: string): Promise<void>;
  /** Holds everything in it where it is, or lets it go on. */
  pause(paused: boolean): Promise<void>;
  /** What runs in it, oldest first; throws Docker's error when it does not run. */
  tree(): TreeProcess[];
  /** Only what does not run can be removed, unless forced. */
  remove(force: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface Viewer {
  output(stream: OutputStream, bytes: Buffer): void;
  /** Resolves when the viewer can take more; a slow one slows the program, as in Docker. */
  ready(): Promise<void> | null;
  end(): void;
  /** What goes to the program's standard input, if that is open. */
  input: Readable | null;
}

/** What a container needs of its machine. */
export interface ContainerSurroundings {
  /** `…/containers/<id>`: root, log and record. */
  directory: string;
  /** Of the machine, where its volumes and /home/core are. */
  machineDirectory: string;
  /** Short, for Unix sockets; belongs to this container. */
  sockets: string;
  containerInit: string;
  isolation: Isolation;
  hidden: Record<string, string>;
  /** Takes an address of the bridge network; gives it back with the returned function. */
  takeAddress(): { address: string; release: () => void };
  /** Enters the port on the machine; answers with the function that takes it out. Throws Docker's error when it is taken. */
  publish(container: ContainerRecord, port: number, socketPath: string): () => void;
  /** After the container's folder is gone. */
  onRemoved(): void;
}

const gateway = '172.17.0.1';

export async function createContainer(first: ContainerRecord, surroundings: ContainerSurroundings): Promise<Container> {
  const { directory, sockets } = surroundings;
  const log = await openContainerLog(join(directory, 'container.log'));
  const events = new EventEmitter<{ exit: [number]; removed: [number] }>().setMaxListeners(0);
  const viewers = new Set<Viewer>();
  let record = first;
  let running: { process: RunningProcess; ended: Promise<void>; watch: LimitWatch } | null = null;
  let starting: Promise<boolean> | null = null;
  let removing: Promise<void> | null = null;
  /** The end of the last program, with all that is written down about it. */
  let settled: Promise<void> = Promise.resolve();

  async function change(state: ContainerRecord['state']): Promise<void> {
    record = { ...record, state };
    await saveRecord(directory, record);
  }

  async function launch(): Promise<boolean> {
    if (removing) throw new ApiError(409, `container ${record.id} is marked for removal and cannot be started`);
    const { options } = record;
    const { address, release } = surroundings.takeAddress();
    const undo = [release];
    const undoAll = () => undo.splice(0).forEach((step) => void step());
    try {
      await rm(sockets, { recursive: true, force: true });
      await mkdir(sockets, { recursive: true, mode: 0o700 });
      for (const { host, container } of options.ports) {
        undo.push(surroundings.publish(record, host, join(sockets, socketName(container, false))));
      }
      log.begin();
      const common = await surroundingsOf(address);
      await ensureInRoot(common.place.root, options.workingDir, 'directory');
      await writeHostFiles(common.place.root, options.hostname, address);
      if ('sandbox' in common.isolation) await common.isolation.sandbox.prepare(common.place);
      const process = await startProcess({
        ...common,
        argv: [...options.entrypoint, ...options.cmd],
        env: options.env,
        workingDir: options.workingDir,
        stdin: options.openStdin,
        joins: null,
      });
      const startedAt = new Date().toISOString();
      let oomKilled = false;
      const watch = watchLimits(process.pid, { memory: options.memory, pids: options.pidsLimit }, () => {
        oomKilled = true;
      });
      undo.push(() => watch.stop());
      settled = follow(process, undoAll, () => ({ startedAt, oomKilled }));
      running = { process, ended: settled, watch };
      for (const viewer of viewers) connectInput(viewer);
      await change({ status: 'running', pid: process.pid, address, startedAt, paused: false });
      return true;
    } catch (error) {
      running?.process.signal('SIGKILL');
      undoAll();
      await log.finish();
      endViewers();
      const message = error instanceof Error ? error.message : String(error);
      await change({ status: 'created', exitCode: startStatus(message), error: message });
      if (options.autoRemove) removeLater();
      throw error;
    }
  }

  /** Passes the output on until the program ends, then puts everything in order. */
  async function follow(
    process: RunningProcess,
    release: () => void,
    seen: () => { startedAt: string; oomKilled: boolean },
  ): Promise<void> {
    pass('stdout', process.stdout);
    pass('stderr', process.stderr);
    const exitCode = await process.exited;
    release();
    await log.finish();
    running = null;
    await starting?.catch(() => undefined);
    await change({ status: 'exited', exitCode, ...seen(), finishedAt: new Date().toISOString() }).catch(report);
    await rm(sockets, { recursive: true, force: true }).catch(report);
    endViewers();
    events.emit('exit', exitCode);
    if (record.options.autoRemove) removeLater();
  }

  function endViewers(): void {
    for (const viewer of viewers) viewer.end();
    viewers.clear();
  }

  /** Not waited for: the removal itself waits for what asks for it. */
  function removeLater(): void {
    remove(false).catch(report);
  }

  function report(error: unknown): void {
    console.error(`Container ${record.name} (${directory}):`, error);
  }

  function pass(stream: OutputStream, source: Readable): void {
    source.on('data', (bytes: Buffer) => {
      const waits: Promise<void>[] = log.append(stream, bytes) ? [] : [log.drained()];
      for (const viewer of viewers) {
        viewer.output(stream, bytes);
        const wait = viewer.ready();
        if (wait) waits.push(wait);
      }
      if (waits.length === 0) return;
      source.pause();
      void Promise.all(waits).then(() => source.resume());
    });
  }

  function connectInput(viewer: Viewer): void {
    const target = running?.process.stdin;
    if (target && viewer.input) viewer.input.pipe(target, { end: record.options.stdinOnce });
  }

  async function surroundingsOf(address: string) {
    const { hidden, containerInit } = surroundings;
    return {
      ...{
        hidden,
        containerInit,
        network: { address, gateway, hostname: record.options.hostname },
        init: record.options.init,
        memory: record.options.memory,
      },
      isolation: surroundings.isolation,
      place: {
        root: join(directory, 'rootfs'),
        sockets,
        hostname: record.options.hostname,
        mounts: await locateVolumes(surroundings.machineDirectory, record.options.volumes),
      },
    };
  }

  async function stop(seconds: number): Promise<boolean> {
    await starting?.catch(() => undefined);
    if (!running) {
      await settled;
      return false;
    }
    const { process, ended } = running;
    process.signal(record.options.stopSignal as NodeJS.Signals);
    if (record.state.status === 'running' && record.state.paused) signalTree('SIGCONT');
    const timer = setTimeout(() => process.signal('SIGKILL'), seconds * 1000);
    await ended;
    clearTimeout(timer);
    return true;
  }

  /** Until no more are found: a process may have been started while the others were signalled. */
  function signalTree(name: 'SIGSTOP' | 'SIGCONT'): void {
    const signalled = new Set<number>();
    for (let found = running?.watch.tree() ?? []; found.length > 0; ) {
      for (const { pid } of found) {
        signalled.add(pid);
        signalProcess(pid, name);
      }
      found = (running?.watch.tree() ?? []).filter(({ pid }) => !signalled.has(pid));
    }
  }

  async function remove(force: boolean): Promise<void> {
    await starting?.catch(() => undefined);
    if (running && !force) {
      throw new ApiError(
        409,
        `cannot remove container "/${record.name}": container is running: stop the container before removing or force remove`,
      );
    }
    removing ??= (async () => {
      await stop(0);
      await log.close();
      await rm(directory, { recursive: true, force: true });
      await removeAnonymous(surroundings.machineDirectory, record.options.volumes);
      surroundings.onRemoved();
      endViewers();
      events.emit('exit', exitCodeOf(record)); // nothing else will end
      events.emit('removed', exitCodeOf(record));
    })();
    return removing;
  }

  return {
    get record() {
      return record;
    },
    log,
    async start() {
      if (running) return false;
      starting ??= launch().finally(() => {
        starting = null;
      });
      return starting;
    },
    stop,
    kill(signal) {
      if (!running?.process.signal(signal))
        throw new ApiError(409, `cannot kill container: ${record.name}: container ${record.id} is not running`);
    },
    wait(condition) {
      if (condition === 'not-running' && !running && !starting) return Promise.resolve(exitCodeOf(record));
      return new Promise((resolve) => events.once(condition === 'removed' ? 'removed' : 'exit', resolve));
    },
    attach(viewer) {
      viewers.add(viewer);
      connectInput(viewer);
      return () => viewers.delete(viewer);
    },
    async exec(options) {
      if (record.state.status !== 'running') throw new ApiError(409, `container ${record.id} is not running`);
      const common = await surroundingsOf(record.state.address);
      const env = [...record.options.env, ...options.env];
      if (!running) throw new ApiError(409, `container ${record.id} is not running`);
      if (record.state.paused) throw new ApiError(409, `Container ${record.name} is paused, unpause the container before exec`);
      const process = await startProcess({ ...common, ...options, env, joins: running.process });
      running?.watch.add(process.pid);
      if (running) void running.ended.then(() => process.signal('SIGKILL'));
      else process.signal('SIGKILL');
      return process;
    },
    async rename(name) {
      record = { ...record, name };
      await saveRecord(directory, record);
    },
    async pause(paused) {
      const { state } = record;
      if (!running || state.status !== 'running') throw new ApiError(409, `Container ${record.id} is not running`);
      if (state.paused === paused) throw new ApiError(409, `Container ${record.id} is ${paused ? 'already' : 'not'} paused`);
      signalTree(paused ? 'SIGSTOP' : 'SIGCONT');
      await change({ ...state, paused });
    },
    tree() {
      if (!running) throw new ApiError(409, `Container ${record.id} is not running`);
      return running.watch.tree();
    },
    remove,
    async close() {
      await stop(2);
      await removing;
      await log.close();
    },
  };
}

/** The status that Docker gives to a container that could not be started. */
function startStatus(message: string): number {
  if (!message.includes('unable to start container process')) return 128;
  return /permission denied|is a directory/.test(message) ? 126 : 127;
}
