// How this run of fleetctl reaches fleet: through a tunnel's fd-forward, a Unix socket or an http endpoint.
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createFleetClient, type FleetClient } from '#lib/cluster/fleet-client.ts';
import type { SshConnection } from '#lib/cluster/ssh-connection.ts';
import type { Arguments } from './arguments.ts';
import type { Console } from './console.ts';
import { createSshDialer, readAddress } from './tunnel.ts';
import { dialError, logLine } from './wording.ts';

export interface Connection {
  fleet: FleetClient;
  /** An SSH connection to a machine of the cluster: nested in a new one to the tunnel's host, or directly. */
  dialMachine(address: string, port: number): Promise<SshConnection>;
  close(): void;
}

const fleetSocket = '/var/run/fleet.sock';

/** Rejects with the sentence that follows `Unable to initialize client: `. */
export async function openConnection(flags: Arguments, environment: NodeJS.ProcessEnv, console: Console): Promise<Connection> {
  const driver = flags.text('driver');
  if (driver === 'etcd') throw new Error('the driver "etcd" is not supported by this fleetctl, use --driver API');
  if (driver.toUpperCase() !== 'API') throw new Error(`unrecognized driver ${JSON.stringify(driver)}`);
  const [first = '', ...others] = flags.text('endpoint').split(',');
  if (others.length > 0) console.error(logLine('WARN', `multiple endpoints provided but only the first (${first}) is used`));
  const endpoint = readEndpoint(first);
  const dialer = createSshDialer(flags, environment, console);
  const tunnelled = flags.text('tunnel');
  const opened: SshConnection[] = [];

  async function dialTunnel(): Promise<SshConnection> {
    let connection: SshConnection;
    try {
      connection = await dialer.dial(readAddress(tunnelled));
    } catch (cause) {
      throw new Error(`failed initializing SSH client: ${(cause as Error).message}`, { cause });
    }
    opened.push(connection);
    return connection;
  }

  const tunnel = tunnelled ? await dialTunnel() : null;
  const fleet = createFleetClient({
    connect: () => (tunnel ? reachThrough(tunnel, endpoint) : reach(endpoint, environment)),
    timeout: flags.number('request-timeout') * 1000,
    ...(endpoint.kind === 'tcp' ? { host: endpoint.authority } : {}),
  });
  return {
    fleet,
    async dialMachine(host, port) {
      const stream = tunnel ? await (await dialTunnel()).openStream(host, port) : null;
      const connection = await dialer.dial({ host, port, ...(stream ? { stream } : {}) });
      opened.push(connection);
      return connection;
    },
    close() {
      fleet.close();
      for (const connection of opened.reverse()) connection.close();
    },
  };
}

type Endpoint = { kind: 'unix'; path: string } | { kind: 'tcp'; host: string; port: number; authority: string };

function readEndpoint(text: string): Endpoint {
  const [, local, authority, path = ''] = text.match(/^(unix|file):\/\/([^/]*)(.*)$/) ?? [];
  // Mostly a path that lacks its first slash.
  if (authority) throw new Error(`unable to connect to host ${JSON.stringify(authority)} with scheme ${JSON.stringify(local)}`);
  if (authority === '') return { kind: 'unix', path: path || fleetSocket };
  if (text.startsWith('/')) return { kind: 'unix', path: text };
  const parts = text.match(/^(\w+):\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/);
  if (parts === null) throw new Error('URL scheme undefined');
  const [, scheme = '', host = '', port] = parts;
  if (scheme !== 'http') throw new Error(`URL scheme ${JSON.stringify(scheme)} is not supported, use http:// or unix://`);
  return { kind: 'tcp', host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? 80), authority: port ? `${host}:${port}` : host };
}

async function reachThrough(tunnel: SshConnection, endpoint: Endpoint): Promise<Duplex> {
  if (endpoint.kind === 'tcp') return tunnel.openStream(endpoint.host, endpoint.port);
  const { streamOf } = await import('#lib/cluster/channel-stream.ts');
  return streamOf(await tunnel.exec(`fleetctl fd-forward ${endpoint.path}`));
}

function reach(endpoint: Endpoint, environment: NodeJS.ProcessEnv): Promise<Duplex> {
  const [options, place] =
    endpoint.kind === 'unix'
      ? [{ path: localSocket(endpoint.path, environment) }, `unix ${endpoint.path}`]
      : [{ host: endpoint.host, port: endpoint.port }, `tcp ${endpoint.host}:${endpoint.port}`];
  return new Promise((resolve, reject) => {
    const socket = connect(options as { path: string }, () => resolve(socket));
    socket.once('error', (error) => reject(new Error(dialError(place, error), { cause: error })));
  });
}

/** Inside a machine of the lab, its fleet's socket lies in the directory that COREOS_MACHINE names. */
export function localSocket(path: string, environment: NodeJS.ProcessEnv): string {
  return path === fleetSocket && environment.COREOS_MACHINE ? join(environment.COREOS_MACHINE, 'fleet.sock') : path;
}
