/** Where the lab's virtual addresses lead: 172.17.8.101 exists in here only, and every listener behind it is entered by hand. */
import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Connect } from './machine.ts';

export interface AddressBook {
  /**
   * Enters a listener, on 127.0.0.1 for every machine that has not its own there; answers with the function that takes it out again.
   * Throws with `code: 'EADDRINUSE'` when another one has the port.
   */
  enter(address: string, port: number, open: Open): () => void;
  /** Takes the machine with this address off the network: whoever asks for it is refused, until the answer is called. */
  unplug(address: string): () => void;
  /** The network as the machine with this address sees it: its own loopback addresses mean itself. */
  connectFrom(address: string): Connect;
  /** Called after an entry has come or gone; answers with the function that ends this. */
  onChange(listener: () => void): () => void;
  /** Every entry, for those who want to know where a port leads. */
  entries(): { address: string; port: number }[];
}

/** Opens one more stream to a listener. */
export type Open = () => Duplex | Promise<Duplex>;

const loopback = new Set(['127.0.0.1', 'localhost', '0.0.0.0', '::1', '::']);

export function createAddressBook(): AddressBook {
  const listeners = new Map<string, { address: string; port: number; open: Open }>();
  const unplugged = new Set<string>();
  const subscribers = new Set<() => void>();
  const changed = () => {
    for (const subscriber of subscribers) subscriber();
  };
  return {
    unplug(address) {
      unplugged.add(address);
      return () => unplugged.delete(address);
    },
    enter(address, port, open) {
      const key = `${address}:${port}`;
      if (listeners.has(key)) {
        throw Object.assign(new Error(`Port ${port} of ${address} is taken already.`), { code: 'EADDRINUSE' });
      }
      const listener = { address, port, open };
      listeners.set(key, listener);
      changed();
      return () => {
        if (listeners.get(key) !== listener) return;
        listeners.delete(key);
        changed();
      };
    },
    connectFrom: (own) => async (address, port) => {
      const target = loopback.has(address) ? own : address;
      const everywhere = loopback.has(address) ? listeners.get(`127.0.0.1:${port}`) : undefined;
      const listener = listeners.get(`${target}:${port}`) ?? everywhere;
      if (listener && !unplugged.has(target)) return listener.open();
      throw Object.assign(new Error(`Nothing listens on port ${port} of ${target}.`), { code: 'ECONNREFUSED' });
    },
    onChange(listener) {
      subscribers.add(listener);
      return () => subscribers.delete(listener);
    },
    entries: () => [...listeners.values()].map(({ address, port }) => ({ address, port })),
  };
}

/** A connection to a port of this computer's loopback address. */
export function openLoopback(port: number): Promise<Duplex> {
  return open({ host: '127.0.0.1', port, noDelay: true });
}

/**
 * A socket that is not there yet, or was left behind by a program that ended, is a port that nobody listens on; so is a link, which
 * a container could have made to lead its callers to another program's socket.
 */
export async function openUnixSocket(path: string): Promise<Duplex> {
  try {
    if (process.platform !== 'linux') {
      if (!lstatSync(path).isSocket()) throw Object.assign(new Error(`${path} is no socket.`), { code: 'ECONNREFUSED' });
      return await open({ path });
    }
    const file = openSync(path, pathOnly | constants.O_NOFOLLOW);
    try {
      return await open({ path: `/proc/self/fd/${file}` });
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ECONNREFUSED') throw cause;
    throw Object.assign(new Error('The program behind this port does not listen yet, or no longer.', { cause }), { code: 'ECONNREFUSED' });
  }
}

/** Linux's O_PATH, which Node has no name for: names a file without opening it. */
const pathOnly = 0o10000000;

function open(target: NetConnectOpts): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    // A caller that has sent everything still wants the answer.
    const socket = connect({ ...target, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
  });
}
