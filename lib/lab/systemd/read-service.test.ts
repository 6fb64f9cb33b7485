import { expect, test } from 'vitest';
import { readService } from './read-service.ts';

const machine = { hostname: 'core-01', machineId: 'm', bootId: 'b', kernel: '3.16.2+' };

function read(text: string, name = 'a.service') {
  return readService(name, text, machine);
}

function service(lines: string) {
  return read(`[Service]\nExecStart=/bin/true\n${lines}`);
}

test('what a unit does not say has systemd’s defaults', () => {
  expect(service('').settings).toMatchObject({
    description: 'a.service',
    type: 'simple',
    restart: 'no',
    restartSec: 100,
    timeoutStart: 90_000,
    timeoutStop: 90_000,
    killMode: 'control-group',
    killSignal: 'SIGTERM',
    startLimit: { interval: 10_000, burst: 5 },
  });
});

test('no start timeout is written as 0 or infinity, and is the default of a oneshot unit', () => {
  expect(service('TimeoutStartSec=0').settings?.timeoutStart).toBe(Number.POSITIVE_INFINITY);
  expect(service('TimeoutStartSec=infinity').settings?.timeoutStart).toBe(Number.POSITIVE_INFINITY);
  expect(service('Type=oneshot').settings?.timeoutStart).toBe(Number.POSITIVE_INFINITY);
  expect(service('Type=oneshot\nTimeoutStartSec=5').settings?.timeoutStart).toBe(5000);
  expect(service('TimeoutSec=1min').settings).toMatchObject({ timeoutStart: 60_000, timeoutStop: 60_000 });
});

test('lists add up and an empty value begins them again', () => {
  const { settings } = service('ExecStartPre=/bin/a\nExecStartPre=\nExecStartPre=/bin/b\nEnvironment=A=1 "B=two words"\nEnvironment=C=$A');
  expect(settings?.exec['start-pre'].map((command) => command.path)).toEqual(['/bin/b']);
  expect(settings?.environment).toEqual({ A: '1', B: 'two words', C: '$A' });
});

test('dependencies are lists of names, with specifiers', () => {
  const { settings } = read('[Unit]\nAfter=docker.service etcd.service\nAfter=x@%i.service\n[Service]\nExecStart=/bin/true', 'a@7.service');
  expect(settings?.dependencies.After).toEqual(['docker.service', 'etcd.service', 'x@7.service']);
});

test('signals and exit statuses are read in every spelling', () => {
  const { settings } = service('KillSignal=INT\nSuccessExitStatus=143 SIGKILL\nRestartPreventExitStatus=HUP');
  expect(settings).toMatchObject({ killSignal: 'SIGINT', successStatus: [143, 'SIGKILL'], restartPreventStatus: ['SIGHUP'] });
});

test.each([
  ['Type=wrong', 'Failed to parse service type, ignoring: wrong'],
  ['Restart=maybe', 'Failed to parse service restart specifier, ignoring: maybe'],
  ['TimeoutStartSec=abc', 'Failed to parse TimeoutStartSec= parameter, ignoring: abc'],
  ['RemainAfterExit=perhaps', 'Failed to parse boolean value, ignoring: perhaps'],
  ['KillSignal=FOO', 'Failed to parse signal name, ignoring: FOO'],
  ['EnvironmentFile=rel', 'EnvironmentFile= path is not absolute, ignoring: rel'],
  ['Environment=foo', 'Invalid environment assignment, ignoring: foo'],
  ['Foo=1', "Unknown lvalue 'Foo' in section 'Service'"],
  ['LimitNOFILE=65536', 'LimitNOFILE= is not supported in this lab, ignoring: 65536'],
  ['PrivateTmp=true', 'PrivateTmp= is not supported in this lab, ignoring: true'],
  ['StandardOutput=null', 'StandardOutput= is not supported in this lab, ignoring: null'],
  ['WatchdogSec=10', 'WatchdogSec= is not supported in this lab, ignoring: 10'],
  ['User=nobody', expect.stringMatching(/^User=nobody is not supported in this lab, ignoring: every program/)],
  ['Group=docker', expect.stringMatching(/^Group=docker is not supported/)],
  ['Type=notify', "Type=notify is treated as simple: the lab's machines do not listen for readiness."],
  ['SyslogLevel=loud', 'Failed to parse log level, ignoring: loud'],
  ['ExecStop=-', "Empty path in command line, ignoring: '-'"],
  ['ExecStop=/bin/a \\q', 'Ignoring unknown escape sequences: "\\q"'],
])('%s is skipped with a warning at its line', (line, message) => {
  const { settings, problems } = service(line);
  expect(problems).toEqual([{ severity: 'warning', line: 3, message }]);
  expect(settings).not.toBeNull();
});

test.each([
  ['[Service]\nRemainAfterExit=yes', 'a.service lacks both ExecStart= and ExecStop= setting. Refusing.'],
  [
    '[Service]\nExecStart=/bin/a\nExecStart=/bin/b',
    'a.service has more than one ExecStart= setting, which is only allowed for Type=oneshot services. Refusing.',
  ],
  ['[Service]\nType=oneshot\nExecStart=/bin/a\nRestart=always', expect.stringContaining("isn't allowed for Type=oneshot")],
  ['[Service]\nExecStart=/bin/a\nWorkingDirectory=rel', 'WorkingDirectory= path is not absolute: rel'],
  ['[Service]\nExecStart=/bin/a %z', expect.stringContaining('Failed to resolve unit specifiers in %z')],
  ['[Service]\nExecStop=/bin/a', expect.stringContaining('RemainAfterExit=yes')],
])('%j is refused', (text, message) => {
  const { settings, problems } = read(text);
  expect(settings).toBeNull();
  expect(problems.find(({ severity }) => severity === 'error')?.message).toEqual(message);
});
