import { expect, test } from 'vitest';
import { checkDiscoveryUrl } from './discovery-url.ts';

const base = 'http://127.0.0.1:8087';
const token = '0123456789abcdef0123456789abcdef';

test('a URL of the lab’s own service is used, by either name of the loopback address', () => {
  expect(checkDiscoveryUrl(`${base}/${token}`, base, 1)).toEqual({ ok: true, token });
  expect(checkDiscoveryUrl(`http://localhost:8087/${token}/`, base, 1)).toEqual({ ok: true, token });
});

test.each([
  ['https://discovery.etcd.io/<token>', /placeholder/],
  [`https://discovery.etcd.io/${token}`, /^discovery\.etcd\.io, the public service, no longer answers/],
  [`http://127.0.0.1:22/${token}`, /no discovery service but the lab's own/],
  [`http://evil.test:8087/${token}`, /no discovery service but the lab's own/],
  [`http://127.0.0.1:8087@evil.test/${token}`, /no discovery service but the lab's own/],
  [`file:///${token}`, /no discovery service but the lab's own/],
  [base, /bad discovery endpoint/],
  [`${base}/new?size=1`, /does not end in a token/],
  ['hello', /is not a URL/],
])('%s is refused with the way to a fresh one', (url, reason) => {
  const result = checkDiscoveryUrl(url, base, 3);
  expect(result).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
  expect(result).toMatchObject({ reason: expect.stringContaining("curl 'http://127.0.0.1:8087/new?size=3'") });
});
