// The page's one socket, and whether it is up.
import { io, type Socket } from 'socket.io-client';
import type { ClientEvents, ServerEvents } from '#lib/shared/protocol.ts';
import { socketParser } from '#lib/shared/socket-parser.ts';
import { createLive, useLive } from './live.ts';

export type Connection =
  | { status: 'connecting' }
  | { status: 'connected' }
  /** `closing`: the server said that it stops. */
  | { status: 'reconnecting'; attempts: number; closing: boolean };

export type AppSocket = Socket<ServerEvents, ClientEvents>;

const connection = createLive<Connection>({ status: 'connecting' });
let socket: AppSocket | undefined;

/** Made at the first call, so never call it while rendering on the server. It stays for the page's life. */
export function appSocket(): AppSocket {
  socket ??= openSocket();
  return socket;
}

/** Says something to the server, or nothing at all: what is said while disconnected must not arrive minutes later. */
export function tell<Event extends keyof ClientEvents>(event: Event, ...details: Parameters<ClientEvents[Event]>): void {
  const current = appSocket();
  if (current.connected) current.emit(event, ...details);
}

export function useConnection(): Connection {
  return useLive(connection);
}

export function reconnectNow(): void {
  const current = appSocket();
  if (!current.connected) current.disconnect().connect();
}

function openSocket(): AppSocket {
  // WebSocket first: polling would delay every keystroke by a round trip.
  const opened: AppSocket = io({
    parser: socketParser,
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    // An app that was started again is found within 2 s.
    reconnectionDelay: 300,
    reconnectionDelayMax: 1500,
    randomizationFactor: 0.3,
    // An attempt that nobody answers would otherwise keep the page from trying again for twenty seconds.
    timeout: 5000,
    autoConnect: false,
  });
  let closing = false;
  opened.on('connect', () => {
    closing = false;
    connection.set({ status: 'connected' });
  });
  opened.on('server:closing', () => {
    closing = true;
  });
  opened.on('disconnect', (reason) => {
    connection.set({ status: 'reconnecting', attempts: 0, closing });
    // socket.io tries again by itself, except when the server closed the socket in so many words.
    if (reason === 'io server disconnect') setTimeout(() => opened.connect(), 300);
  });
  opened.on('connect_error', () => {
    const known = connection.get();
    connection.set({ status: 'reconnecting', attempts: known.status === 'reconnecting' ? known.attempts + 1 : 1, closing });
    // A handshake that the server refused is not tried again by socket.io either.
    if (!opened.active) setTimeout(() => opened.connect(), 1500);
  });
  return opened;
}
