// A machine's host keys. A machine that is created again gets new ones, which is why `known_hosts` has to be emptied then.
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

/**
 * Two private keys in PEM: ECDSA P-256 first, which every fleetctl prefers, and RSA 2048 for clients without elliptic curves.
 * No Ed25519: fleetctl before 1.0 cannot use such a host key. Both are made in parallel off the main thread.
 */
export async function generateHostKeys(): Promise<string[]> {
  const [ecdsa, rsa] = await Promise.all([
    generate('ec', { namedCurve: 'P-256', publicKeyEncoding: spki, privateKeyEncoding: { type: 'sec1', format: 'pem' } }),
    generate('rsa', { modulusLength: 2048, publicKeyEncoding: spki, privateKeyEncoding: { type: 'pkcs1', format: 'pem' } }),
  ]);
  return [ecdsa.privateKey, rsa.privateKey];
}

const spki = { type: 'spki', format: 'pem' } as const;
