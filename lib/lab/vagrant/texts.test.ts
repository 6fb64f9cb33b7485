import { expect, test } from 'vitest';
import type { MachineStatus } from '../api.ts';
import { sshConfigText } from './ssh-config-text.ts';
import { globalStatusText, statusText } from './status-text.ts';
import { createUi, type UiStyle } from './ui.ts';

const machine: MachineStatus = {
  name: 'core-01',
  id: 'b90fafa0123456789abcdef012345678',
  directory: '/home/me/coreos-vagrant',
  state: 'running',
  sshPort: 2222,
  address: '172.17.8.101',
  identityFile: '/home/me/.vagrant.d/insecure_private_key',
  etcdPort: 4001,
  forwardedPorts: [{ guest: 22, host: 2222 }],
  provisioned: true,
};

test('ssh-config names everything that ssh needs, and quotes a path with spaces', () => {
  expect(sshConfigText(machine)).toBe(`Host core-01
  HostName 127.0.0.1
  User core
  Port 2222
  UserKnownHostsFile /dev/null
  StrictHostKeyChecking no
  PasswordAuthentication no
  IdentityFile /home/me/.vagrant.d/insecure_private_key
  IdentitiesOnly yes
  LogLevel FATAL
`);
  expect(sshConfigText({ ...machine, identityFile: '/a b/key' })).toContain('  IdentityFile "/a b/key"\n');
});

test('the status of one machine explains its state', () => {
  expect(statusText([{ name: 'core-01', state: 'running' }])).toBe(`Current machine states:

core-01                   running (virtualbox)

The VM is running. To stop this VM, you can run \`vagrant halt\` to
shut it down forcefully, or you can run \`vagrant suspend\` to simply
suspend the virtual machine. In either case, to restart it again,
simply run \`vagrant up\`.`);
  expect(statusText([{ name: 'core-01', state: 'poweroff' }])).toMatch(/poweroff \(virtualbox\)\n\nThe VM is powered off/);
});

test('the status of several machines lists them all', () => {
  const text = statusText([
    { name: 'core-01', state: 'running' },
    { name: 'core-02', state: 'not_created' },
  ]);
  expect(text).toContain(
    'core-01                   running (virtualbox)\ncore-02                   not created (virtualbox)\n\nThis environment represents',
  );
});

test('global-status widens its columns to the longest value', () => {
  const lines = globalStatusText([machine]).split('\n');
  expect(lines[0]).toBe('id       name    provider   state   directory                           ');
  expect(lines[1]).toBe('-'.repeat(72));
  expect(lines[2]).toBe('b90fafa  core-01 virtualbox running /home/me/coreos-vagrant             ');
  expect(lines[3]).toBe(' ');
  const empty = globalStatusText([]).split('\n');
  expect(empty[1]).toBe('-'.repeat(68));
  expect(empty[2]).toBe('There are no active Vagrant environments on this computer! Or,');
});

test('lines are bold on a terminal, plain in a pipe, and records for programs', () => {
  expect(speak('colour')).toBe('\x1b[0mhello\x1b[0m\n\x1b[1m==> core-01: a, b\x1b[0m\n\x1b[0m    core-01: c\n    core-01: d\x1b[0m\n');
  expect(speak('plain')).toBe('hello\n==> core-01: a, b\n    core-01: c\n    core-01: d\n');
  expect(speak('machine-readable')).toBe(
    '7,,ui,info,hello\n7,core-01,ui,output,==> core-01: a%!(VAGRANT_COMMA) b\n7,core-01,ui,detail,    core-01: c\\n    core-01: d\n7,core-01,state,running\n',
  );
});

function speak(style: UiStyle): string {
  const parts: string[] = [];
  const ui = createUi(style, { out: (part) => parts.push(part), err: () => {} }, () => 7999);
  ui.info('hello');
  ui.output('core-01', 'a, b');
  ui.detail('core-01', 'c\nd');
  ui.record('core-01', 'state', 'running');
  return parts.join('');
}
