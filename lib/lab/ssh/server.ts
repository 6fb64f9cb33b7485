// A machine's SSH server: the only way into the machine, from the learner's computer and from the other machines.
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, { type Channel, type Connection, type ParsedKey, type TcpipRequestInfo } from 'ssh2';
import { streamOf } from '#lib/cluster/channel-stream.ts';
import type { PtyHost } from '#lib/terminal/pty.ts';
import type { Connect, MachineFacts } from '../machine.ts';
import { createAdmission } from './admission.ts';
import { authenticate } from './authentication.ts';
import { serveSession } from './session.ts';

export interface SshServerOptions {
  machine: MachineFacts;
  /** On 127.0.0.1, and on nothing else; 0 takes a free one. */
  port: number;
  /** PEM or OpenSSH private keys, the preferred type first. */
  hostKeys: string[];
  /** Lines as in `authorized_keys`, asked for at every login. */
  authorizedKeys(): string[];
  ptyHost: PtyHost;
  /** Where `direct-tcpip` channels lead; 127.0.0.1 is this machine. */
  connect: Connect;
  /** Hands a stream to the fleet API's HTTP server. */
  fleet(stream: Duplex): void;
}

export interface SshServer {
  readonly port: number;
  /** Serves a connection that came through another machine, to this one's virtual address. */
  accept(stream: Duplex): void;
  /** Drops every connection; resolves when their programs have ended. */
  close(): Promise<void>;
}

/** As OpenSSH's MaxSessions. */
const maxSessions = 10;
/** Forwarded streams of one connection; a browser's preview opens a handful. */
const maxForwards = 256;

/** Rejects when the port is taken (`code: 'EADDRINUSE'`) or a host key cannot be read. */
export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const hostKeys = options.hostKeys.map((text) => ({ key: parseHostKey(text) }));
  const admission = createAdmission();
  const streams = new Set<Duplex>();
  const sessions = new Set<Promise<void>>();

  function accept(stream: Duplex): void {
    // A peer that goes away is nothing to report; 'close' follows.
    stream.on('error', () => {});
    streams.add(stream);
    stream.once('close', () => streams.delete(stream));
    const visitor = admission.admit(stream);
    // One ssh2 server for each connection: only so is it known which stream a login belongs to. It does not listen anywhere.
    const ssh = new ssh2.Server(
      // A client may be suspended for hours (Ctrl-Z, a sleeping laptop), so unanswered keep-alives do not end a connection.
      { hostKeys, ident: 'coreos-reflector', keepaliveCountMax: Number.MAX_SAFE_INTEGER },
      (connection) => {
        visitor.greeted();
        connection.once('ready', () => visitor.authenticated());
        serveConnection(connection, options, sessions);
      },
    );
    ssh.injectSocket(stream as Socket);
  }

  const listener = createServer({ noDelay: true }, accept);
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(options.port, '127.0.0.1', resolve);
  });
  const address = listener.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    accept,
    async close() {
      const closed = new Promise((resolve) => listener.close(resolve));
      for (const stream of streams) stream.destroy();
      await closed;
      await Promise.all(sessions);
    },
  };
}

function serveConnection(connection: Connection, options: SshServerOptions, sessions: Set<Promise<void>>): void {
  const closed = new AbortController();
  let sessionCount = 0;
  let forwards = 0;
  // A malformed packet, a reset connection: ssh2 ends the connection itself and 'close' follows.
  connection.on('error', () => {});
  connection.once('close', () => closed.abort());
  authenticate(connection, options.authorizedKeys);

  connection.on('session', (accept, reject) => {
    if (sessionCount >= maxSessions) return reject();
    sessionCount += 1;
    const ended = serveSession(accept(), connection, options, closed.signal).finally(() => {
      sessionCount -= 1;
      sessions.delete(ended);
    });
    sessions.add(ended);
  });

  connection.on('tcpip', (accept, reject, { destIP, destPort }: TcpipRequestInfo) => {
    if (forwards >= maxForwards) return reject();
    forwards += 1;
    const target = options.connect(destIP === 'localhost' ? '127.0.0.1' : destIP, destPort);
    void forward(accept, reject, target, closed.signal).then(() => {
      forwards -= 1;
    });
  });
}

/** Resolves when the forwarded stream has ended. */
async function forward(accept: () => Channel, reject: () => void, opening: Promise<Duplex>, closed: AbortSignal): Promise<void> {
  let target: Duplex;
  try {
    target = await opening;
  } catch {
    return reject(); // the client is told CONNECT_FAILED
  }
  if (closed.aborted) {
    target.destroy();
    return;
  }
  const channel = streamOf(accept());
  const drop = (): void => void channel.destroy();
  closed.addEventListener('abort', drop);
  await join(channel, target);
  closed.removeEventListener('abort', drop);
}

/** Copies in both directions until both have ended, or either is gone. */
function join(channel: Duplex, target: Duplex): Promise<void> {
  channel.pipe(target).pipe(channel);
  channel.on('error', () => {});
  target.on('error', () => channel.destroy());
  target.once('close', () => {
    if (!channel.writableEnded) channel.destroy();
  });
  return new Promise((resolve) => {
    channel.once('close', () => {
      target.destroy();
      resolve();
    });
  });
}

function parseHostKey(text: string): ParsedKey {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw new Error(`This host key cannot be read: ${key.message}`);
  return Array.isArray(key) ? (key as ParsedKey[])[0]! : key;
}
