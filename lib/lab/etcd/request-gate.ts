// Keeps web pages away from the lab's HTTP APIs: they have no password, and a browser can reach loopback.
import type { IncomingMessage, ServerResponse } from 'node:http';

// Browsers cannot be made to send these for a name that somebody else owns.
const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|172\.17\.8\.\d{1,3})$/i;

/**
 * Answers and returns true when the request comes from a foreign web page (Origin, Sec-Fetch-Site) or was sent to a name
 * that is not the lab's (DNS rebinding). curl, etcdctl and fleetctl send neither header.
 *
 * @param names host names that are fine beside loopback and 172.17.8.x
 */
export function refuseForeign(request: IncomingMessage, response: ServerResponse, names: readonly string[] = []): boolean {
  const reason = whyForeign(request, names);
  if (!reason) return false;
  const body = `${reason.text}\n`;
  response.writeHead(reason.status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
  return true;
}

function whyForeign(request: IncomingMessage, names: readonly string[]): { status: number; text: string } | undefined {
  const hosts = request.rawHeaders.filter((_, index, all) => index % 2 === 1 && all[index - 1]!.toLowerCase() === 'host');
  // The target's own host wins over the header, as in any HTTP server.
  const target = /^https?:\/\/([^/?#]*)/i.exec(request.url ?? '')?.[1];
  if (hosts.length > 1 || ![...hosts, target].every((host) => host === undefined || isOurs(host, names)) || (!hosts[0] && !target)) {
    return { status: 421, text: `This lab does not answer to the host name ${JSON.stringify(target ?? hosts.join(', '))}: use 127.0.0.1.` };
  }
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (origin !== undefined && !isOurs(/^https?:\/\/(.*)$/i.exec(origin)?.[1] ?? '', [])) {
    return { status: 403, text: `Pages of ${JSON.stringify(origin)} may not talk to this lab.` };
  }
  if (site === 'cross-site' || site === 'same-site') {
    return { status: 403, text: 'Pages of other origins may not talk to this lab.' };
  }
  return undefined;
}

/** Whether a Host header, or the host of a URL, is one of the lab's. */
export function isOurs(host: string, names: readonly string[]): boolean {
  const name = host.replace(/:\d{1,5}$/, '');
  return loopback.test(name) || names.includes(name.toLowerCase());
}
