// An SSH connection as a client: to a port, or through a stream of another connection.
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, { type ClientChannel, type ClientErrorExtensions, type ConnectConfig, type ServerHostKeyAlgorithm } from 'ssh2';
import { streamOf } from './channel-stream.ts';
import { type HostKey, readHostKey } from './host-key.ts';

export interface SshTarget {
  host: string;
  port: number;
  username: string;
  /** The path of an ssh-agent's socket. */
  agent?: string;
  /** A private key in PEM or OpenSSH's format. */
  privateKey?: string;
  /** Asked once for each key that the server shows. */
  verifyHost(key: HostKey): Promise<boolean>;
  /** The only host key types to accept, such as `ecdsa-sha2-nistp256`; all when empty or absent. */
  hostKeyTypes?: string[];
  /** Milliseconds for everything up to the login, the decision on the host key included. */
  timeout: number;
  /** Talk through this instead of a TCP connection of our own. */
  stream?: Duplex;
}

export interface SshConnection {
  /** The channel's 'close' event carries the exit status, or null and the signal's name. */
  exec(command: string, options?: ExecOptions): Promise<ClientChannel>;
  shell(options?: ExecOptions): Promise<ClientChannel>;
  /** Asks the server to connect there. Rejects with `code: 'ECONNREFUSED'` when it does not. */
  openStream(address: string, port: number): Promise<Duplex>;
  /** Resolves when the connection is gone, for whatever reason. */
  closed: Promise<void>;
  close(): void;
}

export interface ExecOptions {
  pty?: { cols: number; rows: number; term: string };
  env?: Record<string, string>;
  /** Lets programs on the other side ask the agent of this one. */
  agentForward?: boolean;
}

/** Why a connection did not come about; `code` is one of these or Node's own (ECONNREFUSED, ENOTFOUND, …). */
export type SshFailure = Error & { code: 'TIMED_OUT' | 'UNAUTHENTICATED' | 'HOST_KEY_REFUSED' | 'NO_COMMON_ALGORITHM' | 'LOST' | string };

/** Rejects with an {@link SshFailure}. */
export function connectSsh(target: SshTarget): Promise<SshConnection> {
  const client = new ssh2.Client();
  const accepted = new Set<string>();
  let refused = false;

  // ssh2 asks again at every re-exchange of keys.
  async function verify(blob: Buffer): Promise<boolean> {
    const text = blob.toString('base64');
    if (accepted.has(text)) return true;
    const key = readHostKey(blob);
    const trusted = key !== null && (await target.verifyHost(key));
    if (trusted) accepted.add(text);
    else refused = true;
    return trusted;
  }

  return new Promise((resolve, reject) => {
    let failure: SshFailure | null = null;
    client.on('error', (error: Error & ClientErrorExtensions) => {
      // The agent's trouble is followed by the failure of the login, which says more.
      if (error.level !== 'agent') failure ??= describe(error, refused);
      if (failure !== null) reject(failure);
    });
    const closed = new Promise<void>((resolveClosed) => client.once('close', resolveClosed));
    void closed.then(() =>
      reject(Object.assign(new Error(`the connection to ${target.host} was closed during the login`), { code: 'LOST' })),
    );
    client.once('ready', () => resolve(wrap(client, closed)));
    try {
      client.connect(configure(target, verify));
    } catch (error) {
      reject(error); // a private key that cannot be read
    }
  });
}

/** How a key of each type may sign. */
const algorithmsFor: Record<string, ServerHostKeyAlgorithm[]> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
};

function configure(target: SshTarget, verify: (blob: Buffer) => Promise<boolean>): ConnectConfig {
  const types = (target.hostKeyTypes ?? []).flatMap((type) => algorithmsFor[type] ?? []);
  return {
    // Ours, so that no small packet of the login waits for the acknowledgement of the one before it.
    sock: target.stream ?? connect({ host: target.host, port: target.port, noDelay: true }),
    username: target.username,
    readyTimeout: target.timeout,
    hostVerifier: (blob: Buffer, decide: (trusted: boolean) => void) => void verify(blob).then(decide, () => decide(false)),
    ...(target.agent ? { agent: target.agent } : {}),
    ...(target.privateKey ? { privateKey: target.privateKey } : {}),
    ...(types.length > 0 ? { algorithms: { serverHostKey: types } } : {}),
  };
}

function describe(error: Error & ClientErrorExtensions, refused: boolean): SshFailure {
  const code = refused ? 'HOST_KEY_REFUSED' : failureCode(error);
  return Object.assign(error, { code });
}

function failureCode(error: Error & ClientErrorExtensions & { code?: unknown }): string {
  if (error.level === 'client-timeout') return 'TIMED_OUT';
  if (error.level === 'client-authentication') return 'UNAUTHENTICATED';
  if (/no matching/i.test(error.message)) return 'NO_COMMON_ALGORITHM';
  return typeof error.code === 'string' ? error.code : 'LOST';
}

function wrap(client: ssh2.Client, closed: Promise<void>): SshConnection {
  return {
    exec: (command, options = {}) => openChannel((opened) => client.exec(command, channelOptions(options), opened)),
    shell: (options = {}) =>
      openChannel((opened) =>
        client.shell((channelOptions(options).pty as ssh2.PseudoTtyOptions) ?? false, channelOptions(options), opened),
      ),
    async openStream(address, port) {
      try {
        const opened = openChannel((callback) => client.forwardOut('127.0.0.1', 0, address, port, callback));
        return streamOf(await opened);
      } catch (cause) {
        throw Object.assign(new Error(`${address}:${port} cannot be reached through the tunnel`, { cause }), { code: 'ECONNREFUSED' });
      }
    },
    closed,
    close() {
      client.end();
      client.destroy();
    },
  };
}

function channelOptions({ pty, env, agentForward }: ExecOptions): ssh2.ExecOptions {
  return {
    ...(env ? { env: env as NodeJS.ProcessEnv } : {}),
    ...(pty ? { pty: { ...pty, modes: { ECHO: 1 } as ssh2.TerminalModes } } : {}),
    ...(agentForward ? { agentForward } : {}), // missing in ssh2's types
  };
}

function openChannel(open: (opened: (error: Error | undefined, channel: ClientChannel) => void) => void): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    // Throws when the connection is already gone.
    open((error, channel) => {
      if (error) return reject(error);
      // A lost connection shows as the channel's 'close'.
      channel.on('error', () => {});
      resolve(channel);
    });
  });
}
