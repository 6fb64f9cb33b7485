// Turns a TCP listen() inside a container into a listening Unix socket of the container's own.
import cluster from 'node:cluster';
import { existsSync } from 'node:fs';
import { type AddressInfo, isIPv4, type ListenOptions, Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type ContainerSetting, socketName } from './container-setting.ts';

/** Where Linux begins to hand out ports when a program asks for any. */
const firstFreePort = 32_768;
const lastFreePort = 60_999;

type Listen = (this: Server, options: ListenOptions & { path: string }, callback?: () => void) => Server;

/** After this, `server.listen(80)` needs no privilege and collides with nothing outside; files and pipes stay as they are. */
export function redirectListen(setting: ContainerSetting): void {
  const original = Server.prototype.listen as Listen;
  const redirected = function (this: Server, ...args: unknown[]): Server {
    Reflect.deleteProperty(this, 'address'); // of an earlier listen on a port
    const wanted = tcpListen(args);
    if (!wanted) return (original as (...args: unknown[]) => Server).apply(this, args);
    const host = wanted.host || '::';
    const loopback = host === 'localhost' || host === '::1' || host.startsWith('127.');
    const port = wanted.port || freePort(setting.sockets);
    // Workers of a cluster share their primary's listeners, so there it is no collision.
    if (!cluster.isWorker && isTaken(setting.sockets, port)) {
      process.nextTick(() => this.emit('error', addressInUse(host, port)));
      return this;
    }
    const shown: AddressInfo = { address: host, family: isIPv4(host) ? 'IPv4' : 'IPv6', port };
    this.address = () => (this.listening ? shown : null);
    const show = (socket: Socket) => showAddresses(socket, setting, shown);
    this.prependListener('connection', show);
    this.once('close', () => this.off('connection', show));
    const path = join(setting.sockets, socketName(port, loopback));
    return original.call(this, { ...wanted.options, path }, wanted.callback);
  };
  Server.prototype.listen = redirected as typeof Server.prototype.listen;
}

interface TcpListen {
  port: number;
  host: string;
  options: ListenOptions;
  callback: (() => void) | undefined;
}

/** Reads the many ways to call `listen`; null when it is not about a TCP port, or when Node should refuse it itself. */
function tcpListen(args: unknown[]): TcpListen | null {
  const last = args.at(-1);
  const callback = typeof last === 'function' ? (last as () => void) : undefined;
  const [first, second, third] = callback ? args.slice(0, -1) : args;
  if (typeof first === 'object' && first !== null) {
    const { port, host, path, ...options } = first as ListenOptions & { fd?: number };
    if (path !== undefined || options.fd !== undefined || '_handle' in first || '_handle' in options) return null;
    const number = portNumber(port ?? 0);
    return number === null || !('port' in first) ? null : { port: number, host: host ?? '', options, callback };
  }
  const number = portNumber(first ?? 0);
  if (number === null) return null;
  const backlog = [second, third].find((argument) => typeof argument === 'number');
  const host = typeof second === 'string' ? second : '';
  return { port: number, host, options: backlog === undefined ? {} : { backlog }, callback };
}

function portNumber(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 65_535 ? number : null;
}

function freePort(sockets: string): number {
  for (let port = firstFreePort; port <= lastFreePort; port++) if (!isTaken(sockets, port)) return port;
  throw new Error('The container has no free port left.');
}

/** One program's sockets vanish with its container, so what is there is in use. */
function isTaken(sockets: string, port: number): boolean {
  return [true, false].some((loopback) => existsSync(join(sockets, socketName(port, loopback))));
}

/** As Node words it: programs look at the fields, people read the text. */
function addressInUse(address: string, port: number): Error {
  const shown = `${address}:${port}`;
  return Object.assign(new Error(`listen EADDRINUSE: address already in use ${shown}`), {
    code: 'EADDRINUSE',
    errno: -98,
    syscall: 'listen',
    address,
    port,
  });
}

/** A Unix socket has no addresses; the program gets those that it would see behind Docker's bridge. */
function showAddresses(socket: Socket, setting: ContainerSetting, server: AddressInfo): void {
  const mapped = (address: string) => (server.family === 'IPv6' ? `::ffff:${address}` : address);
  const fixed = { family: server.family, address: mapped(setting.address), port: server.port };
  const shown = {
    remoteAddress: mapped(setting.gateway),
    remoteFamily: server.family,
    remotePort: firstFreePort + Math.floor(Math.random() * (lastFreePort - firstFreePort)),
    localAddress: fixed.address,
    localFamily: fixed.family,
    localPort: fixed.port,
    address: () => fixed,
  };
  for (const [name, value] of Object.entries(shown)) Object.defineProperty(socket, name, { value, configurable: true });
}
