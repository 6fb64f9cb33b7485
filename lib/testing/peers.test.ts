import { afterEach, expect, test, vi } from 'vitest';
import { skippedForWantOf, testWith } from './peers.ts';

afterEach(() => vi.unstubAllEnvs());

test('a missing program is named with its package', () => {
  vi.stubEnv('PATH', '/nowhere');
  expect(skippedForWantOf()).toBe(
    'etcd, etcdctl, docker, systemd-analyze, bwrap, dbclient (on Debian or Ubuntu: apt-get install etcd-server etcd-client docker.io systemd bubblewrap dropbear-bin)',
  );
});

test('a missing program fails the run where CI is set', () => {
  vi.stubEnv('PATH', '/nowhere');
  vi.stubEnv('CI', 'true');
  expect(() => testWith('etcd')).toThrow(/CI is set.*etcd \(on Debian or Ubuntu: apt-get install etcd-server\)/);
  expect(() => testWith()).not.toThrow();
});

test('without CI a missing program is no error', () => {
  vi.stubEnv('PATH', '/nowhere');
  vi.stubEnv('CI', '');
  expect(() => testWith('etcd', 'docker')).not.toThrow();
});
