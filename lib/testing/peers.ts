// The real programs that the lab is compared with. Where one is missing its tests are skipped, and where CI is set they fail.
import { test } from 'vitest';
import { findProgram } from '#lib/doctor/tools.ts';

/** The package that brings each on Debian and Ubuntu. */
const packages = {
  etcd: 'etcd-server',
  etcdctl: 'etcd-client',
  docker: 'docker.io',
  'systemd-analyze': 'systemd',
  bwrap: 'bubblewrap',
  dbclient: 'dropbear-bin',
};

export type Peer = keyof typeof packages;

/**
 * The `test` function for tests that need these programs.
 * @throws Error when one is missing and the environment says CI, which must not pass by testing less
 */
export function testWith(...peers: Peer[]) {
  const missing = missingPeers().filter((peer) => peers.includes(peer));
  if (missing.length > 0 && isCi()) throw new Error(`CI is set, so nothing may be skipped, and this is missing: ${howToInstall(missing)}`);
  return test.skipIf(missing.length > 0);
}

/** What to install for the tests that this computer skips; undefined when it has everything. */
export function skippedForWantOf(): string | undefined {
  const missing = missingPeers();
  return missing.length > 0 ? howToInstall(missing) : undefined;
}

function missingPeers(): Peer[] {
  return (Object.keys(packages) as Peer[]).filter((peer) => !findProgram(peer, process.env.PATH ?? ''));
}

function howToInstall(peers: Peer[]): string {
  return `${peers.join(', ')} (on Debian or Ubuntu: apt-get install ${peers.map((peer) => packages[peer]).join(' ')})`;
}

function isCi(): boolean {
  return !['', 'false', '0'].includes(process.env.CI ?? '');
}
