import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseCloudConfig } from './cloud-config.ts';
import type { CloudConfigError } from './yaml-tree.ts';

const addresses = { publicIpv4: '172.17.8.101', privateIpv4: '172.17.8.101' };

test('the tutorial’s own user-data starts etcd, fleet and Docker’s socket', () => {
  const source = readFileSync(new URL('../../../coreos/user-data', import.meta.url), 'utf8');
  const config = parseCloudConfig(source, addresses);
  expect(config.etcd).toEqual({
    service: 'etcd',
    discovery: { url: 'https://discovery.etcd.io/<token>', line: 6 },
    peerUrl: 'http://172.17.8.101:7001',
    environment: {
      ETCD_DISCOVERY: 'https://discovery.etcd.io/<token>',
      ETCD_ADDR: '172.17.8.101:4001',
      ETCD_PEER_ADDR: '172.17.8.101:7001',
    },
  });
  expect(config.fleet).toEqual({
    ...{ publicIp: '172.17.8.101', metadata: {}, agentTtl: null, reconcileSeconds: null },
    environment: { FLEET_PUBLIC_IP: '172.17.8.101' },
  });
  expect(config.notices).toEqual([]);
  expect(config.units.map(({ name, command, enable }) => [name, command, enable])).toEqual([
    ['etcd.service', 'start', false],
    ['fleet.service', 'start', false],
    ['docker-tcp.socket', 'start', true],
  ]);
  expect(config.units[2]!.content).toContain('[Socket]\nListenStream=2375\n');
});

test('the spelling of 2015 is understood as well', () => {
  const config = parseCloudConfig(
    `#cloud-config
---
coreos:
  etcd2:
    discovery: http://127.0.0.1:8087/0123456789abcdef0123456789abcdef
    advertise-client-urls: "http://$public_ipv4:2379"
    initial-advertise-peer-urls: http://$private_ipv4:2380
    listen_client_urls: 'http://0.0.0.0:2379,http://0.0.0.0:4001'
  fleet:
    public-ip: "$public_ipv4"
    metadata: region=us-east-1, disk=ssd
    agent_ttl: 1m30s
    engine-reconcile-interval: 0.5
  flannel:
    interface: $public_ipv4
  update: {reboot-strategy: off}
  units:
  - name: etcd2.service
    command: start
    drop-ins: [{name: 10-limits.conf, content: "[Service]\\n"}]
hostname: first
ssh_authorized_keys: [ssh-rsa AAAA me]
write_files:
  - path: /etc/motd
    permissions: '0600'
    content: costs \\$public_ipv4
  - {path: /home/core/b, encoding: base64, content: aGk=}
`,
    addresses,
  );
  expect(config.etcd).toMatchObject({ service: 'etcd2', peerUrl: 'http://172.17.8.101:2380', discovery: { line: 5 } });
  expect(config.etcd!.environment.ETCD_LISTEN_CLIENT_URLS).toBe('http://0.0.0.0:2379,http://0.0.0.0:4001');
  expect(config.fleet).toMatchObject({ metadata: { region: 'us-east-1', disk: 'ssd' }, agentTtl: 90, reconcileSeconds: 0.5 });
  expect(config.units[0]!.dropIns).toEqual([{ name: '10-limits.conf', content: '[Service]\n' }]);
  expect(config.authorizedKeys).toEqual(['ssh-rsa AAAA me']);
  expect(config.notices.map(({ line, message }) => `${line}: ${message.split(' ').slice(0, 4).join(' ')}`)).toEqual([
    '14: coreos.flannel has no effect:',
    '21: hostname has no effect:',
  ]);
  expect(config.writeFiles).toEqual([
    { path: '/etc/coreos/update.conf', mode: 0o644, content: 'REBOOT_STRATEGY=off\n' },
    { path: '/etc/motd', mode: 0o600, content: 'costs $public_ipv4' },
    { path: '/home/core/b', mode: 0o644, content: 'hi' },
  ]);
});

test('what the lab does not follow is told with its line, and the rest is followed', () => {
  const config = parseCloudConfig(
    `#cloud-config
coreos:
  etcd:
    name: first
    addr: $public_ipv4:5001
  fleet:
    etcd-servers: http://172.17.8.101:4001
  locksmith: {window-start: "Thu 04:00"}
users:
  - name: core
    groups: [sudo]
    ssh-authorized-keys: [ssh-ed25519 BBBB other]
  - name: elroy
ssh_authorized_keys: [ssh-rsa AAAA me]
manage_etc_hosts: localhost
`,
    addresses,
  );
  expect(config.notices.map(({ line, message }) => `${line}: ${message}`)).toEqual([
    '4: coreos.etcd.name has no effect in the lab.',
    '5: etcd answers at the ports 4001 and 2379, whatever addr says.',
    '7: coreos.fleet.etcd-servers has no effect in the lab.',
    '8: coreos.locksmith has no effect: the lab’s machines are never updated, so nothing reboots them.',
    '11: groups of the user core has no effect in the lab.',
    '13: the user elroy is not made: the lab’s machines have no user but core.',
    '15: manage-etc-hosts has no effect: names are not looked up in /etc/hosts in the lab.',
  ]);
  expect(config.authorizedKeys).toEqual(['ssh-ed25519 BBBB other', 'ssh-rsa AAAA me']);
});

test('an address that the machine does not have is empty, and told', () => {
  const source =
    '#cloud-config\n# $public_ipv6\nwrite_files:\n  - {path: /a, content: "<$public_ipv6>"}\n  - {path: /b, content: \\$private_ipv6}\n';
  const { writeFiles, notices } = parseCloudConfig(source, addresses);
  expect(writeFiles.map(({ content }) => content)).toEqual(['<>', '$private_ipv6']);
  expect(notices).toEqual([{ line: 4, message: '$public_ipv6 is empty: a machine of the lab has no such address.' }]);
});

test('an empty cloud-config asks for nothing', () => {
  expect(parseCloudConfig('#cloud-config\n', addresses)).toMatchObject({ etcd: null, fleet: null, units: [] });
  expect(parseCloudConfig('#cloud-config\ncoreos:\n', addresses).units).toEqual([]);
});

test.each([
  ['coreos:\n', 1, /^the first line must be `#cloud-config`/],
  ['#!/bin/sh\necho\n', 1, /scripts as user-data are not understood/],
  ['#cloud-config\ncoreos:\n  etcdd:\n    a: b\n', 3, /^`coreos\.etcdd` is not understood\. The lab knows hostname/],
  ['#cloud-config\n\ncoreos:\n  etcd: [\n', 5, /^this is not YAML:/],
  ['#cloud-config\ncoreos:\n\tetcd:\n', 3, /^this is not YAML:/],
  ['#cloud-config\ncoreos:\n  units:\n    - command: start\n', 4, /^this unit has no name/],
  ['#cloud-config\ncoreos:\n  units:\n    - name: etcd.service\n      command: go\n', 5, /^`go` is not a command for a unit/],
  ['#cloud-config\ncoreos:\n  units:\n    name: etcd.service\n', 4, /must be a list/],
  ['#cloud-config\ncoreos:\n  units:\n    - name: ../../x.service\n', 4, /is not a unit's name/],
  ['#cloud-config\nhostname: a\nhostname: b\n', 3, /stands there twice/],
  ['#cloud-config\nhostname: &a x\nb: *a\n', 3, /aliases/],
  ['#cloud-config\ncoreos:\n  fleet:\n    metadata: ssd\n', 4, /^metadata is written key=value/],
  ['#cloud-config\ncoreos:\n  fleet:\n    agent-ttl: 30\n', 4, /^agent-ttl is a duration of at least a second, such as 30s; `30` is not/],
  ['#cloud-config\ncoreos:\n  fleet:\n    engine-reconcile-interval: 2s\n', 4, /^engine-reconcile-interval is a number of seconds/],
  ['#cloud-config\ncoreos:\n  update:\n    reboot-strategy: never\n', 4, /^`never` is not a reboot strategy/],
  ['#cloud-config\ncoreos:\n  update:\n    when: now\n', 4, /^`when` is not a setting of coreos.update/],
  ['#cloud-config\nusers:\n  - groups: [a]\n', 3, /^this user has no name/],
  ['#cloud-config\nwrite_files:\n  - path: /a\n    mode: 1\n', 4, /^`mode` is not a setting of a file/],
  [
    '#cloud-config\ncoreos:\n  units:\n    - name: a.service\n      drop-ins:\n        - name: ../x\n          content: a\n',
    6,
    /is not a drop-in's name/,
  ],
  ['#cloud-config\n---\na: b\n---\nc: d\n', 3, /more than one YAML document/],
  ['#cloud-config\nwrite_files:\n  - path: etc/motd\n', 3, /must begin with a slash/],
])('%j is refused with its line', (source, line, message) => {
  const error = attempt(source);
  expect(error).toMatchObject({ name: 'CloudConfigError', line });
  expect(error.message).toMatch(message);
});

test('hostile YAML is refused twice in a row, quickly, and without harm to the process', () => {
  const started = performance.now();
  const documents = [
    '['.repeat(20_000) + ']'.repeat(20_000),
    '{a: '.repeat(15_000),
    '- '.repeat(30_000),
    '? '.repeat(30_000),
    Array.from({ length: 300 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
    `a: &a [x]\nb: &b [${'*a,'.repeat(5000)}*a]`,
    Array.from({ length: 9000 }, (_, key) => `k${key}:`).join('\n'),
    `a: "${'\\x'.repeat(30_000)}`,
    '__proto__: {polluted: yes}',
    'a: b\n'.repeat(20_000),
  ];
  for (const document of [...documents, ...documents]) expect(attempt(`#cloud-config\n${document}`).name).toBe('CloudConfigError');
  expect(performance.now() - started).toBeLessThan(3000);
  expect(({} as { polluted?: string }).polluted).toBeUndefined();
});

function attempt(source: string): CloudConfigError {
  try {
    parseCloudConfig(source, addresses);
  } catch (error) {
    return error as CloudConfigError;
  }
  throw new Error(`${source.slice(0, 60)} was accepted`);
}
