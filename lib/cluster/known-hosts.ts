// The known_hosts file as fleetctl keeps it: OpenSSH's format, its prompt, and its warning when a key has changed.
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fingerprint, type HostKey, readHostKey, typeName } from './host-key.ts';

export interface KnownHost {
  /** With `*` and `?`; a leading `!` excludes. */
  patterns: string[];
  type: string;
  /** Base64. */
  key: string;
}

export interface KnownHostsOptions {
  file: string;
  /** Shows a question; answers with the line that was typed, or null when there is nobody to ask. */
  ask(question: string): Promise<string | null>;
  /** Shows lines about what happened to the file. */
  report(text: string): void;
}

export interface KnownHosts {
  /** @param address as {@link hostAddress} writes it */
  verify(address: string, key: HostKey): Promise<'trusted' | 'unauthorized' | 'mismatch'>;
  /** The types of the keys that are known for an address; empty when it is unknown. */
  types(address: string): Promise<string[]>;
}

export function openKnownHosts({ file, ask, report }: KnownHostsOptions): KnownHosts {
  async function load(): Promise<KnownHost[]> {
    const { hosts, warnings } = parseKnownHosts(await readText(file));
    for (const warning of warnings) report(`Warning: ${file}, ${warning}\n`);
    return hosts;
  }

  async function remember(address: string, key: HostKey): Promise<void> {
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const text = await readText(file);
      const separator = text === '' || text.endsWith('\n') ? '' : '\n';
      await appendFile(file, `${separator}${knownHostLine(address, key)}\n`, { mode: 0o644 });
      report(`Warning: Permanently added '${address}' (${typeName(key)}) to the list of known hosts.\n`);
    } catch {
      report(`Failed to add the host to the list of known hosts (${file}).\n`);
    }
  }

  return {
    async verify(address, key) {
      const known = (await load()).filter(({ patterns }) => matchesHost(patterns, address));
      const shown = key.blob.toString('base64');
      if (known.some((host) => host.type === key.type && host.key === shown)) return 'trusted';
      if (known.length > 0) {
        report(changedKeyWarning(key, file));
        return 'mismatch';
      }
      const answer = await ask(unknownHostQuestion(address, key));
      if (!/^y(?:es)?$/i.test(answer?.trim() ?? '')) {
        report('Host key verification failed.\n');
        return 'unauthorized';
      }
      await remember(address, key);
      return 'trusted';
    },
    async types(address) {
      const known = parseKnownHosts(await readText(file)).hosts.filter(({ patterns }) => matchesHost(patterns, address));
      return [...new Set(known.map(({ type }) => type))];
    },
  };
}

/** `172.17.8.101`, or `[127.0.0.1]:2222` when the port is not SSH's own. */
export function hostAddress(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

export function knownHostLine(address: string, { type, blob }: HostKey): string {
  return `${address} ${type} ${blob.toString('base64')}`;
}

export function parseKnownHosts(text: string): { hosts: KnownHost[]; warnings: string[] } {
  const hosts: KnownHost[] = [];
  const warnings: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const skip = (why: string): void => void warnings.push(`line ${index + 1} is skipped: ${why}`);
    const [names = '', type, key] = line.trim().split(/\s+/);
    if (names === '' || names.startsWith('#')) continue;
    if (names.startsWith('@')) skip(`the marker ${names} is not understood`);
    else if (names.startsWith('|')) skip('hashed host names are not understood');
    else if (type === undefined || key === undefined) skip('it is not "host type key"');
    else if (readHostKey(Buffer.from(key, 'base64'))?.type !== type) skip('its key cannot be read');
    else hosts.push({ patterns: names.split(','), type, key });
  }
  return { hosts, warnings };
}

/** A host that any `!` pattern matches is out, whatever else matches. */
export function matchesHost(patterns: string[], address: string): boolean {
  const excluded = patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1), address));
  return !excluded && patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern, address));
}

/** In time proportional to the two lengths' product at worst, however many stars there are. */
function matches(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let retry = 0;
  let index = 0;
  while (index < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      retry = index;
    } else if (pattern[at] === '?' || pattern[at]?.toLowerCase() === text[index]!.toLowerCase()) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      index = ++retry;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}

export function unknownHostQuestion(address: string, key: HostKey): string {
  return [
    `The authenticity of host '${address}' can't be established.`,
    `${typeName(key)} key fingerprint is ${fingerprint(key)}.`,
    'Are you sure you want to continue connecting (yes/no)? ',
  ].join('\n');
}

export function changedKeyWarning(key: HostKey, file: string): string {
  const line = '@'.repeat(59);
  return [
    line,
    '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @',
    line,
    'IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!',
    'Someone could be eavesdropping on you right now (man-in-the-middle attack)!',
    'It is also possible that a host key has just been changed.',
    `The fingerprint for the ${typeName(key)} key sent by the remote host is`,
    `${fingerprint(key)}.`,
    'Please contact your system administrator.',
    `Add correct host key in ${file} to get rid of this message.`,
    'Host key verification failed.',
    '',
  ].join('\n');
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return ''; // no file yet; one that cannot be read shows when the key is to be added
  }
}
