/**
 * The lab's network as a machine in a sandbox sees it: for every entry of the address book there is a listener in the machine's
 * network namespace. The listeners belong to the lab's own process, so nothing stands between a connection and where it leads.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AddressBook } from '../address-book.ts';
import type { Sandbox } from './sandbox.ts';

export interface SandboxNetwork {
  /** Resolves when what stands in the address book now can be reached. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface SandboxNetworkOptions {
  sandbox: Pick<Sandbox, 'holder'>;
  /** Absolute path. */
  nsenter: string;
  /** The bundled `sandbox-listener.cjs`. */
  listenerProgram: string;
  /** The machine's own. */
  address: string;
  addressBook: Pick<AddressBook, 'entries' | 'connectFrom' | 'onChange'>;
  report(text: string): void;
}

export interface ListenRequest {
  address: string;
  port: number;
}

/** Comes with a server, or with a connection that was accepted before the server could be handed over. */
export type ListenAnswer = ListenRequest & { error?: string; accepted?: true };

/** Entries come in groups; a listener program that nobody needed for so long has ended. */
const idleMs = 3000;
const loopback = '127.0.0.1';

export function openSandboxNetwork(options: SandboxNetworkOptions): SandboxNetwork {
  const { address: own, addressBook, report } = options;
  const servers = new Map<string, Server>();
  const sockets = new Set<Duplex>();
  const connect = addressBook.connectFrom(own);
  let opener: Opener | null = null;
  let closed = false;
  let work: Promise<void> = Promise.resolve();
  let waiting = false;

  function accept(socket: Socket, address: string, port: number): void {
    // A caller that has sent everything still wants the answer.
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    track(socket);
    connect(address, port).then(
      (target) => {
        track(target);
        if (socket.destroyed) return void target.destroy();
        target.once('close', () => socket.destroy());
        socket.once('close', () => target.destroy());
        socket.pipe(target).pipe(socket);
      },
      () => socket.resetAndDestroy(),
    );
  }

  function track(stream: Duplex): void {
    sockets.add(stream);
    stream.on('error', () => stream.destroy());
    stream.once('close', () => sockets.delete(stream));
  }

  async function settle(): Promise<void> {
    waiting = false;
    const wanted = new Map<string, ListenRequest>();
    for (const { address, port } of closed ? [] : addressBook.entries()) {
      for (const at of address === own ? [address, loopback] : [address]) wanted.set(`${at}:${port}`, { address: at, port });
    }
    for (const [key, server] of servers) {
      if (wanted.has(key)) continue;
      servers.delete(key);
      server.close();
    }
    const missing = [...wanted].filter(([key]) => !servers.has(key));
    if (missing.length === 0) return;
    const { open } = getOpener();
    await Promise.all(
      missing.map(async ([key, request]) => {
        const server = await open(request);
        // A program of the machine has the port itself: then the port is the program's.
        if (server === null) return;
        if (closed) return void server.close();
        servers.set(key, server);
        server.on('connection', (socket) => accept(socket, request.address, request.port));
      }),
    );
  }

  function getOpener(): Opener {
    opener ??= startOpener(options, accept, (ended) => {
      if (opener === ended) opener = null;
    });
    return opener;
  }

  function change(): void {
    if (waiting || closed) return;
    waiting = true;
    work = work.then(settle).catch((error) => report(`A port of ${own} cannot be reached inside the machine: ${error.message}`));
  }

  const unsubscribe = addressBook.onChange(change);
  getOpener(); // its start and the machine's take their time together; the first ports are asked for in a moment
  change();
  return {
    settled: () => work,
    async close() {
      unsubscribe();
      closed = true;
      await work;
      opener?.end();
      for (const server of servers.values()) server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

interface Opener {
  /** Null when the port is taken. */
  open(request: ListenRequest): Promise<Server | null>;
  end(): void;
}

function startOpener(
  { sandbox, nsenter, listenerProgram }: SandboxNetworkOptions,
  accept: (socket: Socket, address: string, port: number) => void,
  onEnd: (opener: Opener) => void,
): Opener {
  const waiting = new Map<string, { resolve(server: Server | null): void; reject(error: Error): void }>();
  const place = ['-t', `${sandbox.holder}`, '-U', '-n', '--preserve-credentials'];
  const child: ChildProcess = spawn(nsenter, [...place, process.execPath, listenerProgram], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {} as NodeJS.ProcessEnv,
  });
  let idle: NodeJS.Timeout | undefined;

  function end(error: Error): void {
    clearTimeout(idle);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    onEnd(opener);
  }

  function endWhenIdle(): void {
    clearTimeout(idle);
    idle = setTimeout(finish, idleMs);
    idle.unref();
  }

  function finish(): void {
    onEnd(opener);
    if (child.connected) child.disconnect();
  }

  child.on('message', ({ address, port, error, accepted }: ListenAnswer, handle) => {
    if (accepted) {
      const socket = handle as Socket | undefined;
      if (socket) accept(socket, address, port);
      return;
    }
    const key = `${address}:${port}`;
    const asked = waiting.get(key);
    waiting.delete(key);
    if (waiting.size === 0) endWhenIdle();
    if (handle instanceof Server) asked?.resolve(handle);
    else if (error === 'EADDRINUSE') asked?.resolve(null);
    else asked?.reject(new Error(`listening on ${key} failed: ${error ?? 'no listener came'}`));
  });
  child.once('error', (error) => end(error));
  child.once('disconnect', () => end(new Error('the program that opens ports has ended')));
  const opener: Opener = {
    open(request) {
      clearTimeout(idle);
      return new Promise((resolve, reject) => {
        waiting.set(`${request.address}:${request.port}`, { resolve, reject });
        child.send(request);
      });
    },
    end: finish,
  };
  endWhenIdle();
  return opener;
}
