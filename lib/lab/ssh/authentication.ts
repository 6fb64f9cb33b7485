// Public keys for the user `core`, nothing else: RSA with SHA-1 (all that fleetctl knows) and SHA-2, ECDSA and Ed25519.
import ssh2, { type AuthContext, type Connection, type ParsedKey, type PublicKeyAuthContext } from 'ssh2';

const loginName = 'core';

/** As OpenSSH's MaxAuthTries; `none`, with which every client asks for the methods, does not count. */
const maxAuthTries = 6;

/** @param authorizedKeys lines as in `authorized_keys`, asked again for every attempt */
export function authenticate(connection: Connection, authorizedKeys: () => string[]): void {
  let failures = 0;
  connection.on('authentication', (context: AuthContext) => {
    if (context.method === 'publickey' && isAllowed(context, parseKeys(authorizedKeys()))) {
      if (context.signature === undefined) nameAlgorithm(context);
      context.accept();
      return;
    }
    if (context.method !== 'none') failures += 1;
    if (failures >= maxAuthTries) connection.end();
    else context.reject(['publickey']);
  });
}

/** Does the same work for a user or key that is unknown as for one that is known. */
function isAllowed(context: PublicKeyAuthContext, keys: ParsedKey[]): boolean {
  const authorized = keys.find((key) => key.type === context.key.algo && key.getPublicSSH().equals(context.key.data));
  const known = authorized !== undefined && context.username === loginName;
  if (context.signature === undefined || context.blob === undefined) return known;
  return verifies(authorized ?? keys[0], context) && known;
}

function verifies(key: ParsedKey | undefined, { blob, signature, hashAlgo }: PublicKeyAuthContext): boolean {
  // ssh2 answers with an Error, not false, where the signature does not fit the key.
  return key?.verify(blob!, signature!, hashAlgo) === true;
}

/** The answer to a query repeats the algorithm as it was asked for; ssh2 says `ssh-rsa` for the SHA-2 variants too. */
function nameAlgorithm(context: PublicKeyAuthContext): void {
  if (context.hashAlgo === 'sha256') context.key.algo = 'rsa-sha2-256';
  if (context.hashAlgo === 'sha512') context.key.algo = 'rsa-sha2-512';
}

function parseKeys(lines: string[]): ParsedKey[] {
  return lines.flatMap((line) => {
    const key = ssh2.utils.parseKey(line);
    return key instanceof Error ? [] : key;
  });
}
