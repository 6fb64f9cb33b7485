// One container from its creation to its removal.
import { EventEmitter } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError } from './api-error.ts';
import { type LimitWatch, watchLimits } from './container-limits.ts';
import { type ContainerLog, openContainerLog } from './container-log.ts';
import { type ProcessOptions, type RunningProcess, startProcess } from './container-process.ts';
import { type ContainerRecord, exitCodeOf, saveRecord } from './container-record.ts';
import { ensureInRoot, writeHostFiles } from './container-root.ts';
import { socketName } from './container-setting.ts';
import { type ContainerSurroundings, commonOptions } from './container-surroundings.ts';
import { createViewers, type Viewer } from './container-viewers.ts';
import { removeAnonymous } from './container-volumes.ts';
import { signalTree, type TreeProcess } from './process-tree.ts';

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

export async function createContainer(first: ContainerRecord, surroundings: ContainerSurroundings): Promise<Container> {
  const { directory, sockets } = surroundings;
  const log = await openContainerLog(join(directory, 'container.log'));
  const events = new EventEmitter<{ exit: [number]; removed: [number] }>().setMaxListeners(0);
  const viewers = createViewers(log, first.options.stdinOnce);
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
      const common = await commonOptions(record, surroundings, address);
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
      await change({ status: 'running', pid: process.pid, address, startedAt, paused: false });
      return true;
    } catch (error) {
      running?.process.signal('SIGKILL');
      undoAll();
      await log.finish();
      viewers.end();
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
    viewers.connect(process);
    const exitCode = await process.exited;
    release();
    await log.finish();
    running = null;
    await starting?.catch(() => undefined);
    await change({ status: 'exited', exitCode, ...seen(), finishedAt: new Date().toISOString() }).catch(report);
    await rm(sockets, { recursive: true, force: true }).catch(report);
    viewers.end();
    events.emit('exit', exitCode);
    if (record.options.autoRemove) removeLater();
  }

  /** Not waited for: the removal itself waits for what asks for it. */
  function removeLater(): void {
    remove(false).catch(report);
  }

  function report(error: unknown): void {
    console.error(`Container ${record.name} (${directory}):`, error);
  }

  async function stop(seconds: number): Promise<boolean> {
    await starting?.catch(() => undefined);
    if (!running) {
      await settled;
      return false;
    }
    const { process, ended, watch } = running;
    process.signal(record.options.stopSignal as NodeJS.Signals);
    if (record.state.status === 'running' && record.state.paused) signalTree(watch.tree, 'SIGCONT');
    const timer = setTimeout(() => process.signal('SIGKILL'), seconds * 1000);
    await ended;
    clearTimeout(timer);
    return true;
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
      viewers.end();
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
      return viewers.add(viewer, running?.process.stdin ?? null);
    },
    async exec(options) {
      if (record.state.status !== 'running') throw new ApiError(409, `container ${record.id} is not running`);
      const common = await commonOptions(record, surroundings, record.state.address);
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
      signalTree(running.watch.tree, paused ? 'SIGSTOP' : 'SIGCONT');
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
