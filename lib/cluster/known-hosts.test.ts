import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fingerprint, type HostKey, readHostKey, typeName } from './host-key.ts';
import { hostAddress, matchesHost, openKnownHosts, parseKnownHosts } from './known-hosts.ts';

const key = makeKey('ecdsa-sha2-nistp256', 1);

function makeKey(type: string, seed: number): HostKey {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return readHostKey(Buffer.concat([length, Buffer.from(type), Buffer.alloc(40, seed)]))!;
}

/** A known_hosts in a new directory whose owner answers every question with `answer`. */
async function makeFile(text: string | null, answer: string | null) {
  const directory = await mkdtemp(join(tmpdir(), 'known-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, '.fleetctl', 'known_hosts');
  if (text !== null) {
    await openKnownHosts({ file, ask: async () => 'yes', report() {} }).verify('placeholder', key);
    await writeFile(file, text);
  }
  const shown: string[] = [];
  const hosts = openKnownHosts({
    file,
    ask: async (question) => {
      shown.push(question);
      return answer;
    },
    report: (line) => void shown.push(line),
  });
  return { file, hosts, shown, directory };
}

test('a port other than 22 stands behind brackets', () => {
  expect(hostAddress('127.0.0.1', 2222)).toBe('[127.0.0.1]:2222');
  expect(hostAddress('172.17.8.101', 22)).toBe('172.17.8.101');
});

test('a key is shown by its kind and its MD5 fingerprint', () => {
  expect(typeName(key)).toBe('ECDSA');
  expect(typeName(makeKey('ssh-rsa', 1))).toBe('RSA');
  expect(typeName(makeKey('ssh-ed25519', 1))).toBe('ED25519');
  expect(fingerprint(key)).toMatch(/^(?:[0-9a-f]{2}:){15}[0-9a-f]{2}$/);
  expect(readHostKey(Buffer.from([0, 0, 0, 9, 1]))).toBeNull();
});

test.each([
  ['*', '172.17.8.101', true],
  ['172.17.8.*', '172.17.8.101', true],
  ['172.17.8.10?', '172.17.8.101', true],
  ['172.17.8.10?', '172.17.8.10', false],
  ['172.17.8.*,!172.17.8.102', '172.17.8.101', true],
  ['172.17.8.*,!172.17.8.102', '172.17.8.102', false],
  ['!172.17.8.102', '172.17.8.101', false],
  ['[127.0.0.1]:2222', '[127.0.0.1]:2222', true],
  ['[127.0.0.1]:*', '[127.0.0.1]:2200', true],
  ['Core-01', 'core-01', true],
  ['a*b*c', 'aXbYbZc', true],
  ['a*b*c', 'aXbYbZ', false],
])('the pattern %s on %s: %s', (patterns, address, matched) => {
  expect(matchesHost(patterns.split(','), address)).toBe(matched);
});

test('a pattern full of stars takes no time', () => {
  const began = performance.now();
  expect(matchesHost([`${'*a'.repeat(200)}b`], 'a'.repeat(5000))).toBe(false);
  expect(performance.now() - began).toBeLessThan(500);
});

test('comments and empty lines are nothing; markers, hashed names and broken lines are skipped with a warning', () => {
  const key = 'AAAAB3NzaC1yc2E=';
  const { hosts, warnings } = parseKnownHosts(
    `# note\n\nhost ssh-rsa ${key} comment\n@revoked host ssh-rsa ${key}\n|1|x|y ssh-rsa ${key}\nlost\nhost ssh-rsa AAAA\nhost ssh-dss ${key}\n`,
  );
  expect(hosts).toEqual([{ patterns: ['host'], type: 'ssh-rsa', key }]);
  expect(warnings.map((warning) => warning.match(/^line \d/)?.[0])).toEqual(['line 4', 'line 5', 'line 6', 'line 7', 'line 8']);
});

test('an unknown host is asked about, remembered and then trusted without a question', async () => {
  const { hosts, shown, file, directory } = await makeFile(null, 'YES');
  expect(await hosts.verify('[127.0.0.1]:2222', key)).toBe('trusted');
  expect(shown).toEqual([
    `The authenticity of host '[127.0.0.1]:2222' can't be established.\nECDSA key fingerprint is ${fingerprint(key)}.\nAre you sure you want to continue connecting (yes/no)? `,
    "Warning: Permanently added '[127.0.0.1]:2222' (ECDSA) to the list of known hosts.\n",
  ]);
  expect(await readFile(file, 'utf8')).toBe(`[127.0.0.1]:2222 ecdsa-sha2-nistp256 ${key.blob.toString('base64')}\n`);
  expect((await stat(join(directory, '.fleetctl'))).mode & 0o777).toBe(0o700);
  expect(await hosts.verify('[127.0.0.1]:2222', key)).toBe('trusted');
  expect(shown).toHaveLength(2);
  expect(await hosts.types('[127.0.0.1]:2222')).toEqual(['ecdsa-sha2-nistp256']);
  expect(await hosts.types('172.17.8.101')).toEqual([]);
});

test.each(['no', '', 'yess', null])('the answer %j leaves the host unknown', async (answer) => {
  const { hosts, shown, file } = await makeFile('', answer);
  expect(await hosts.verify('172.17.8.101', key)).toBe('unauthorized');
  expect(shown.at(-1)).toBe('Host key verification failed.\n');
  expect(await readFile(file, 'utf8')).toBe('');
});

test('a changed key is refused with the box that names the file', async () => {
  const other = makeKey('ecdsa-sha2-nistp256', 2);
  const { hosts, shown, file } = await makeFile(`172.17.8.101 ${other.type} ${other.blob.toString('base64')}`, 'yes');
  expect(await hosts.verify('172.17.8.101', key)).toBe('mismatch');
  expect(shown).toHaveLength(1);
  expect(shown[0]).toContain('@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n');
  expect(shown[0]).toContain(`Add correct host key in ${file} to get rid of this message.\nHost key verification failed.\n`);
});

test('a last line without its newline stays a line of its own', async () => {
  const { hosts, file } = await makeFile('other ssh-rsa AAAA', 'y');
  await hosts.verify('172.17.8.101', key);
  expect((await readFile(file, 'utf8')).split('\n')).toHaveLength(3);
});
