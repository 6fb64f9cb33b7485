// While chapters are being written, the server says when their text has changed.
import { appSocket } from './connection.ts';

/** Calls the listener after every change, until the answer is called. */
export function onContentChanged(listener: () => void): () => void {
  const socket = appSocket();
  socket.on('content:changed', listener);
  return () => void socket.off('content:changed', listener);
}
