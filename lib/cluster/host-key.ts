// A server's public key as SSH sends it, and what people are shown of it.
import { createHash } from 'node:crypto';

export interface HostKey {
  /** `ecdsa-sha2-nistp256`, `ssh-rsa`, … */
  type: string;
  /** The key in SSH's wire format, which begins with its type. */
  blob: Buffer;
}

/** Null for bytes that are no key. */
export function readHostKey(blob: Buffer): HostKey | null {
  if (blob.length < 4) return null;
  const end = 4 + blob.readUInt32BE(0);
  return end <= blob.length ? { type: blob.toString('latin1', 4, end), blob } : null;
}

/** MD5, as of 2014: `6b:d1:…`. */
export function fingerprint({ blob }: HostKey): string {
  return createHash('md5').update(blob).digest('hex').match(/../g)!.join(':');
}

const typeNames: Record<string, string> = { 'ssh-rsa': 'RSA', 'ssh-dss': 'DSA', 'ssh-ed25519': 'ED25519' };

/** `ECDSA` for `ecdsa-sha2-nistp256`. */
export function typeName({ type }: HostKey): string {
  return typeNames[type] ?? (type.startsWith('ecdsa-sha2-') ? 'ECDSA' : type);
}
