import ssh2, { type ParsedKey } from 'ssh2';
import { expect, test } from 'vitest';
import { generateHostKeys } from './host-keys.ts';

test('an ECDSA key before an RSA key, new every time', async () => {
  const [first, second] = await Promise.all([generateHostKeys(), generateHostKeys()]);
  const types = first.map((text) => (ssh2.utils.parseKey(text) as ParsedKey).type);
  expect(types).toEqual(['ecdsa-sha2-nistp256', 'ssh-rsa']);
  expect(first).not.toEqual(second);
});
