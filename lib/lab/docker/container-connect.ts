// Leads a TCP connect() to the container's own ports to the Unix sockets that its listen() calls became.
import { existsSync } from 'node:fs';
import { Socket, type TcpSocketConnectOpts } from 'node:net';
import { join } from 'node:path';
import { type ContainerSetting, socketName } from './container-setting.ts';

type Connect = (this: Socket, ...args: unknown[]) => Socket;

/** After this, a program reaches what listens in its own container; every other address is left as it is. */
export function redirectConnect(setting: ContainerSetting): void {
  const original = Socket.prototype.connect as Connect;
  const redirected = function (this: Socket, ...args: unknown[]): Socket {
    // `net.connect` hands over its arguments as one list, which begins with the options.
    const list = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
    const path = ownSocket(list, setting);
    if (path === null) return original.apply(this, args);
    const [first, ...rest] = list;
    if (typeof first !== 'object')
      return original.call(
        this,
        { path },
        rest.find((argument) => typeof argument === 'function'),
      );
    const { port: _port, host: _host, lookup: _lookup, ...options } = first as TcpSocketConnectOpts;
    list[0] = { ...options, path };
    return original.apply(this, args);
  };
  Socket.prototype.connect = redirected as typeof Socket.prototype.connect;
}

/** The socket of a program of this container; null for another address, or where nobody listens. */
function ownSocket([first, second]: unknown[], { sockets, address, hostname }: ContainerSetting): string | null {
  const options = typeof first === 'object' && first !== null ? (first as Partial<TcpSocketConnectOpts> & { path?: string }) : null;
  if (options?.path) return null;
  const port = Number(options ? options.port : first);
  const host = (options ? options.host : typeof second === 'string' ? second : undefined) ?? 'localhost';
  const loopback = host === 'localhost' || host === '::1' || host.startsWith('127.');
  if (!Number.isInteger(port) || (!loopback && host !== address && host !== hostname)) return null;
  const names = [socketName(port, false), ...(loopback ? [socketName(port, true)] : [])];
  return names.map((name) => join(sockets, name)).find((path) => existsSync(path)) ?? null;
}
