/** Which discovery URLs a machine can use, and what to tell the learner about the others. */

export type DiscoveryUrl = { ok: true; token: string } | { ok: false; reason: string };

/**
 * @param base the lab's own discovery service, `http://127.0.0.1:8087`
 * @param size how many machines a fresh URL should be for
 */
export function checkDiscoveryUrl(text: string, base: string, size: number): DiscoveryUrl {
  const fresh = `Put a fresh URL there: curl '${base}/new?size=${size}' prints one.`;
  if (/[<>\s]|token>/.test(text)) return refuse(`the field \`discovery\` in user-data still holds its placeholder. ${fresh}`);
  if (!URL.canParse(text)) return refuse(`discovery: bad discovery endpoint: \`${text}\` is not a URL. ${fresh}`);
  const url = new URL(text);
  if (url.hostname === 'discovery.etcd.io')
    return refuse(`discovery.etcd.io, the public service, no longer answers; the lab has its own. ${fresh}`);
  const own = new URL(base);
  const loopback = url.hostname === '127.0.0.1' || url.hostname === 'localhost';
  if (url.protocol !== 'http:' || !loopback || url.port !== own.port) {
    return refuse(`the machines reach no discovery service but the lab's own at ${base}. ${fresh}`);
  }
  const token = /^\/([0-9a-f]{32})\/?$/.exec(url.pathname)?.[1];
  if (token === undefined) return refuse(`discovery: bad discovery endpoint: ${text} does not end in a token. ${fresh}`);
  return { ok: true, token };
}

function refuse(reason: string): DiscoveryUrl {
  return { ok: false, reason };
}
