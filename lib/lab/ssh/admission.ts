// Who may wait at the door: the login grace and the cap on connections that have not authenticated. ssh2's server has neither.
import type { Duplex } from 'node:stream';

/** From accepting the connection to a successful authentication, key exchange and host-key prompt included. */
const loginGraceMs = 10_000;

/**
 * No limit per second beside it: every peer is 127.0.0.1, so a rate could not tell an attacker from the learner, whose one
 * `fleetctl journal` opens two connections at once while checks and the observer open theirs. Instead a newcomer to a full room
 * replaces the longest-waiting connection that has not even said its version, so idle sockets never keep a real login out.
 */
const maxUnauthenticated = 20;

export interface Visitor {
  /** The peer has sent its SSH version. */
  greeted(): void;
  /** The peer has logged in: neither grace nor cap concern it any more. */
  authenticated(): void;
}

export function createAdmission(): { admit(stream: Duplex): Visitor } {
  const waiting = new Map<Duplex, { greeted: boolean }>();

  function makeRoom(): void {
    if (waiting.size < maxUnauthenticated) return;
    const [leaver] = [...waiting].find(([, visitor]) => !visitor.greeted) ?? [...waiting][0]!;
    // At once, because 'close' comes later and a crowd may come in the same turn.
    waiting.delete(leaver);
    leaver.destroy();
  }

  return {
    admit(stream) {
      makeRoom();
      const visitor = { greeted: false };
      waiting.set(stream, visitor);
      const grace = setTimeout(() => stream.destroy(), loginGraceMs);
      const leave = (): void => {
        clearTimeout(grace);
        waiting.delete(stream);
      };
      stream.once('close', leave);
      return {
        greeted: () => {
          visitor.greeted = true;
        },
        authenticated: leave,
      };
    },
  };
}
