import 'server-only';
import type { Host } from './host.ts';
import { hostSlot } from './host-slot.ts';

/** The host of the server that this bundle runs in. Never call it at module level: `next build` has no server. */
export function borrowHost(): Host {
  const host = (globalThis as { [hostSlot]?: Host })[hostSlot];
  if (!host) throw new Error('The pages run only inside the app’s own server: start it with `npm start`.');
  return host;
}
