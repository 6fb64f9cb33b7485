import { useEffect, useState } from 'react';
import type { Connection } from './connection.ts';

/** A shorter break in the connection is not worth a word; milliseconds. */
const patienceMs = 700;

/** Whether the page has been without its connection for so long that it should say so. */
export function useBroken(connection: Connection): boolean {
  const down = connection.status !== 'connected';
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setBroken(down), down ? patienceMs : 0);
    return () => clearTimeout(timer);
  }, [down]);
  return broken && down;
}
