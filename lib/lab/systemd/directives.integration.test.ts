import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, startTestMachine } from './test-machine.ts';
import { cloudPlace } from './unit-files.ts';

const sleeper = '[Service]\nExecStart=/bin/sleep 1000\n';

test('a condition that does not hold skips the start, an assertion fails it, and both are told', async () => {
  const { manager, messages, facts } = await startTestMachine();
  await manager.load('a.service', `[Unit]\nDescription=A\nConditionPathExists=/etc/wanted\n${sleeper}`);
  await manager.load('b.service', `[Unit]\nDescription=B\nAssertPathExists=/etc/wanted\n${sleeper}`);
  await manager.start('a.service');
  await manager.start('b.service');
  await eventually(() => messages('a.service')).toEqual(['systemd: Starting of a.service requested but condition failed. Ignoring.']);
  await eventually(() => messages('b.service')).toEqual([
    'systemd: Starting of b.service requested but asserts failed.',
    'systemd: Assertion failed for B.',
  ]);
  expect(manager.states()).toMatchObject([{ active: 'inactive' }, { active: 'inactive' }]);
  writeFileSync(join(facts.directory, 'etc/wanted'), '');
  await manager.start('a.service');
  await eventually(() => messages('a.service')).toContain('systemd: Started A.');
});

test('OnFailure= starts its units once a unit has failed for good, not while Restart= still tries', async () => {
  const { manager, messages, reaches } = await startTestMachine();
  await manager.load('help.service', '[Unit]\nDescription=Help\n[Service]\nType=oneshot\nExecStart=/bin/echo on my way\n');
  const failing =
    '[Unit]\nOnFailure=help.service\n[Service]\nRestart=on-failure\nRestartSec=10ms\nStartLimitBurst=2\nExecStart=/bin/false\n';
  await manager.load('a.service', failing);
  await manager.start('a.service');
  await reaches('a.service', 'failed');
  await eventually(() => messages('help.service')).toContain('echo: on my way');
  expect((await messages('a.service')).filter((line) => line.includes('Triggering OnFailure='))).toHaveLength(1);
  expect((await messages('help.service')).filter((line) => line.includes('on my way'))).toHaveLength(1);
});

test('ExecReload= runs beside the main process, and a reload that fails harms nobody', async () => {
  const { manager, messages, reaches } = await startTestMachine();
  const seen: string[] = [];
  manager.onState(({ active, sub }) => seen.push(`${active} ${sub}`));
  const service = `[Service]\nExecStart=/bin/sleep 1000\nExecReload=/bin/sh -c 'echo reloading $MAINPID; test ! -e /etc/no'\n`;
  await manager.load('a.service', `[Unit]\nDescription=A\n${service}`);
  await manager.start('a.service');
  await reaches('a.service', 'running');
  await manager.run('a.service', 'reload');
  await eventually(() => messages('a.service')).toContain('systemd: Reloaded A.');
  expect(seen.slice(-2)).toEqual(['reloading reload', 'active running']);
  expect((await messages('a.service')).find((line) => line.includes('reloading'))).toMatch(/^sh: reloading \d+$/);
  await manager.load('a.service', '[Unit]\nDescription=A\n[Service]\nExecStart=/bin/sleep 1000\nExecReload=/bin/false\n');
  await manager.run('a.service', 'reload');
  await eventually(() => messages('a.service')).toContain('systemd: a.service: control process exited, code=exited status=1');
  await reaches('a.service', 'running');
  await manager.stop('a.service');
  await reaches('a.service', 'dead');
});

test('drop-ins are read after the unit’s own file, by name, and their faults are named with their own path and line', async () => {
  const { manager, messages, reaches } = await startTestMachine();
  const dropIns = [
    { name: '20-second.conf', content: '[Service]\nEnvironment=WHO=second\nBogus=1\n' },
    { name: '10-first.conf', content: '[Unit]\nDescription=Dropped\n[Service]\nEnvironment=WHO=first\n' },
  ];
  const text = `[Service]\nExecStart=/bin/sh -c 'echo I am $WHO; exec sleep 1000'\nLimitNOFILE=10\n`;
  await manager.load('a.service', text, cloudPlace({ runtime: false, enable: true, dropIns }));
  await manager.run('a.service', 'start');
  await reaches('a.service', 'running');
  await eventually(() => messages('a.service')).toEqual([
    'systemd: [/etc/systemd/system/a.service:3] LimitNOFILE= is not supported in this lab, ignoring: 10',
    "systemd: [/etc/systemd/system/a.service.d/20-second.conf:3] Unknown lvalue 'Bogus' in section 'Service'",
    'systemd: Starting Dropped...',
    'systemd: Started Dropped.',
    'sh: I am second',
  ]);
});

test('a unit of a kind that the lab does not run is there, as one that cannot be loaded', async () => {
  const { manager, messages } = await startTestMachine();
  await manager.load('a.timer', '[Timer]\nOnCalendar=daily\n');
  expect(manager.states()).toEqual([{ name: 'a.timer', load: 'error', active: 'inactive', sub: 'dead' }]);
  await expect(manager.start('a.timer')).rejects.toThrow('Unit a.timer failed to load: Invalid argument.');
  expect(await messages('a.timer')).toEqual([
    'systemd: [/run/fleet/units/a.timer] a.timer is not supported in this lab: its machines run .service units only, and no .timer units.',
  ]);
});

test('a masked unit cannot be started by anybody', async () => {
  const { manager } = await startTestMachine();
  await manager.load('a.service', sleeper);
  manager.mask('a.service');
  await expect(manager.start('a.service')).rejects.toThrow('Unit a.service is masked.');
  expect(manager.states()).toMatchObject([{ load: 'masked', active: 'inactive' }]);
});

test('a unit that refuses to be started by hand is started by those that require it', async () => {
  const { manager, reaches } = await startTestMachine();
  await manager.load('base.service', `[Unit]\nRefuseManualStart=yes\n${sleeper}`);
  await manager.load('a.service', `[Unit]\nRequires=base.service\nAfter=base.service\n${sleeper}`);
  await expect(manager.run('base.service', 'start')).rejects.toThrow('may be requested by dependency only');
  await manager.run('a.service', 'start');
  await reaches('base.service', 'running');
  await reaches('a.service', 'running');
});

test('a line that begins with its priority is kept under it', async () => {
  const { manager, journal } = await startTestMachine();
  await manager.load('a.service', `[Service]\nSyslogLevel=notice\nExecStart=/bin/sh -c 'echo "<3>bad"; echo plain; exec sleep 1000'\n`);
  await manager.load('b.service', `[Service]\nSyslogLevelPrefix=no\nExecStart=/bin/sh -c 'echo "<3>kept"; exec sleep 1000'\n`);
  await manager.start('a.service');
  await manager.start('b.service');
  const said = async (unit: string) =>
    (await journal.query({ unit })).entries
      .filter(({ identifier }) => identifier === 'sh')
      .map(({ priority, message }) => [priority, message]);
  await expect
    .poll(() => said('a.service'), { timeout: 10_000 })
    .toEqual([
      [3, 'bad'],
      [5, 'plain'],
    ]);
  await eventually(() => said('b.service')).toEqual([[6, '<3>kept']]);
});
