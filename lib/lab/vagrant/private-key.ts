/** The key pair that opens the lab's machines. It stands where Vagrant keeps the well-known one, but it is this workspace's own. */
import { createPublicKey, generateKeyPair } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readFileIfPresent, replaceFile } from '../files.ts';

export interface PrivateKey {
  /** The file that `vagrant ssh-config` names. */
  path: string;
  /** The line that the machines' `authorized_keys` hold. */
  authorized: string;
}

/** Reads the key in `vagrantHome`, or makes it: RSA, because every fleetctl can use that. */
export async function ensurePrivateKey(vagrantHome: string): Promise<PrivateKey> {
  const path = join(vagrantHome, 'insecure_private_key');
  const present = await readFileIfPresent(path);
  if (present?.startsWith('-----BEGIN RSA PRIVATE KEY-----')) {
    await chmod(path, 0o600); // ssh-add refuses a key that others may read
    return { path, authorized: authorizedLine(present) };
  }
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  await replaceFile(path, privateKey, 0o600);
  return { path, authorized: authorizedLine(privateKey) };
}

/** `ssh-rsa AAAA…`: three length-prefixed fields (RFC 4253, 6.6), in base64. */
function authorizedLine(privateKey: string): string {
  const { e, n } = createPublicKey(privateKey).export({ format: 'jwk' });
  const fields = [Buffer.from('ssh-rsa'), ...[e, n].map((number) => positive(Buffer.from(number!, 'base64url')))];
  const blob = Buffer.concat(fields.flatMap((field) => [lengthOf(field), field]));
  return `ssh-rsa ${blob.toString('base64')}`;
}

/** A leading one bit would make the number negative. */
function positive(number: Buffer): Buffer {
  return number[0]! & 0x80 ? Buffer.concat([Buffer.of(0), number]) : number;
}

function lengthOf(field: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(field.length);
  return length;
}
