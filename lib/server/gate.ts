// The one gate: it runs first on every request and every upgrade, before Next and before socket.io.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface Gate {
  /** Decides about a request by its head alone. */
  admit(request: IncomingMessage): Verdict;
  cookie: { name: string; value: string };
}

export type Verdict =
  | { verdict: 'admitted' }
  /** The token in the URL was right: set the cookie and go to the clean address. */
  | { verdict: 'exchange'; location: string }
  | { verdict: 'refused'; status: number; reason: string };

/** Longest request target that is looked at, in bytes. */
const maxTarget = 8192;
const methods = ['GET', 'HEAD', 'POST'];

/**
 * The gate of the app's origin. In this order: method and target, Host (exactly ours, against DNS rebinding), Origin and Sec-Fetch-Site
 * (against cross-site requests and WebSocket hijacking), then the token as cookie, bearer or one-time query.
 * @param host the only acceptable Host header, such as `localhost:3000`
 */
export function createGate(host: string, token: string): Gate {
  const origin = `http://${host}`;
  // Cookies ignore ports, so the name carries it: two apps on one computer do not log each other out.
  const cookie = { name: `coreos-reflector-${host.split(':')[1]}`, value: digest(`cookie of ${token}`).toString('hex') };

  return { admit, cookie };

  function admit(request: IncomingMessage): Verdict {
    const { method = '', url = '' } = request;
    if (!methods.includes(method)) return refuse(405, 'This method is not used here.');
    if (!url.startsWith('/') || url.startsWith('//') || url.length > maxTarget) return refuse(400, 'This address is malformed.');
    const hosts = valuesOf(request, 'host');
    if (hosts.length !== 1 || hosts[0] !== host) return refuse(421, `The app is at http://${host}/ and answers to no other name.`);
    const origins = valuesOf(request, 'origin');
    if (origins.length > 1 || (origins.length === 1 && origins[0] !== origin)) return refuse(403, 'Another site may not talk to the app.');
    const site = request.headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return refuse(403, 'Another site may not talk to the app.');

    const target = new URL(url, origin);
    if (matches(target.searchParams.get('token'), token) && method === 'GET') {
      target.searchParams.delete('token');
      return { verdict: 'exchange', location: target.pathname + target.search };
    }
    if (matches(bearerOf(request), token)) return { verdict: 'admitted' };
    if (!matches(cookieOf(request, cookie.name), cookie.value)) {
      return refuse(401, 'Open the address with its token: the terminal in which the app was started shows it.');
    }
    // A browser sends Origin with everything that changes state or upgrades; without it only the token itself will do.
    const changes = method === 'POST' || request.headers.upgrade !== undefined;
    if (changes && origins.length === 0) return refuse(403, 'A request that changes something must say where it comes from.');
    return { verdict: 'admitted' };
  }
}

function refuse(status: number, reason: string): Verdict {
  return { verdict: 'refused', status, reason };
}

/** Every value of a header as it came: Node keeps only the first Host, and a second one is an attack. */
function valuesOf(request: IncomingMessage, name: string): string[] {
  const { rawHeaders } = request;
  return rawHeaders.filter((_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

function bearerOf(request: IncomingMessage): string | null {
  const words = request.headers.authorization?.split(' ');
  return words?.[0] === 'Bearer' ? (words[1] ?? null) : null;
}

function cookieOf(request: IncomingMessage, name: string): string | null {
  const pairs = (request.headers.cookie ?? '').split(/;\s*/).map((pair) => pair.split('='));
  return pairs.find(([key]) => key === name)?.[1] ?? null;
}

function matches(given: string | null, expected: string): boolean {
  return given !== null && timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
