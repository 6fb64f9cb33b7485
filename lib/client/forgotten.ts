// Whether the app refuses this page rather than being gone: it was started anew somewhere else, or its token was renewed.
import { useEffect, useState } from 'react';
import type { Connection } from './connection.ts';

/** A WebSocket that is refused does not say why, so after two failed attempts the page asks by plain HTTP. */
export function useForgotten(connection: Connection): boolean {
  const [forgotten, setForgotten] = useState(false);
  const attempts = connection.status === 'reconnecting' ? connection.attempts : 0;
  useEffect(() => {
    if (attempts < 2) return setForgotten(false);
    const abort = new AbortController();
    fetch('/icon.svg', { method: 'HEAD', cache: 'no-store', signal: abort.signal }).then(
      ({ status }) => setForgotten(status === 401),
      () => {}, // nobody answers: the app is gone, not the page forgotten
    );
    return () => abort.abort();
  }, [attempts]);
  return forgotten;
}
