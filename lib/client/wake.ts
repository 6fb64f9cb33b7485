// After a laptop's sleep, a frozen tab or a lost network the page looks after its connection at once, not at the next retry.
import { reconnectNow } from './connection.ts';

/** @param probe says something to the server: socket.io then notices that a connection is long dead */
export function watchWaking(probe: () => void): void {
  function wake() {
    if (document.visibilityState === 'hidden') return;
    probe();
    reconnectNow();
  }
  window.addEventListener('online', wake);
  window.addEventListener('pageshow', ({ persisted }) => persisted && wake());
  document.addEventListener('resume', wake); // a frozen page goes on
  document.addEventListener('visibilitychange', wake);
}
