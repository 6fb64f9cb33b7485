import { expect, test, vi } from 'vitest';
import { newRegistry, options, service, settle, startMachine } from './fleet-fixture.ts';

const targets = (registry: ReturnType<typeof newRegistry>['registry']) =>
  Object.fromEntries(registry.jobs().map(({ name, target }) => [name, target?.[0]]));

test('a unit that is to be launched is loaded, started and reported at once', async () => {
  const { registry } = newRegistry();
  const { id, units } = startMachine(registry, 1);
  registry.createUnit('web.service', service(), 'launched');
  await settle();
  expect(units.calls).toEqual(['load web.service', 'start web.service']);
  expect(registry.job('web.service')).toMatchObject({ target: id, launchedOn: id });
  expect(registry.statesOf('web.service')).toMatchObject([{ machineID: id, systemdActiveState: 'active', systemdSubState: 'running' }]);
});

test('a unit counts as launched only once its state is there', async () => {
  const { registry, store } = newRegistry();
  startMachine(registry, 1);
  const order: string[] = [];
  store.watch('/_coreos.com/fleet', { recursive: true, stream: true }, ({ node }) =>
    order.push(node.key.replace('/_coreos.com/fleet/', '')),
  );
  registry.createUnit('web.service', service(), 'launched');
  await settle();
  const state = order.findIndex((key) => key.startsWith('states/web.service/'));
  expect(state).toBeGreaterThan(0);
  expect(order.indexOf('job/web.service/job-state')).toBeGreaterThan(state);
});

test('changes that systemd reports are published at once, also for old clients', async () => {
  const { registry, store } = newRegistry();
  const { units } = startMachine(registry, 1);
  registry.createUnit('web.service', service(), 'launched');
  await settle();
  units.change('web.service', 'failed', 'failed');
  expect(registry.statesOf('web.service')[0]).toMatchObject({ systemdActiveState: 'failed' });
  expect(JSON.parse(store.get('/_coreos.com/fleet/state/web.service').node.value!)).toMatchObject({ activeState: 'failed' });
});

test('stop, unload and destroy take a unit back step by step', async () => {
  const { registry } = newRegistry();
  const { units, id } = startMachine(registry, 1);
  registry.createUnit('web.service', service(), 'launched');
  await settle();
  registry.setTargetState('web.service', 'loaded');
  await settle();
  expect(registry.job('web.service')).toMatchObject({ target: id, launchedOn: undefined });
  registry.setTargetState('web.service', 'inactive');
  await settle();
  expect(registry.job('web.service')).toMatchObject({ target: undefined });
  registry.setTargetState('web.service', 'launched');
  await settle();
  registry.destroyUnit('web.service');
  await settle();
  expect(registry.jobs()).toEqual([]);
  expect(registry.states()).toEqual([]);
  const start = ['load web.service', 'start web.service'];
  expect(units.calls).toEqual([...start, 'stop web.service', 'unload web.service', ...start, 'unload web.service']);
});

test('a replaced text is unloaded and loaded again', async () => {
  const { registry } = newRegistry();
  const { units } = startMachine(registry, 1);
  registry.createUnit('web.service', service(), 'launched');
  await settle();
  registry.createUnit('web.service', options('[Service]\nExecStart=/bin/false\n'), 'launched');
  await settle();
  expect(units.calls.slice(2)).toEqual(['unload web.service', 'load web.service', 'start web.service']);
  expect(registry.statesOf('web.service')[0]!.hash).toBe(registry.job('web.service')!.hash);
});

test('units spread over the machines, the least loaded first', async () => {
  const { registry } = newRegistry();
  for (const number of [1, 2, 3]) startMachine(registry, number);
  for (const name of ['a', 'b', 'c', 'd']) registry.createUnit(`${name}.service`, service(), 'launched');
  await settle();
  expect(targets(registry)).toEqual({ 'a.service': '1', 'b.service': '2', 'c.service': '3', 'd.service': '1' });
});

test('the units of a machine that loses its power move when its keys have expired', async () => {
  const { registry, pass } = newRegistry();
  const [first, second] = [startMachine(registry, 1), startMachine(registry, 2)];
  registry.createUnit('a.service', service(), 'launched');
  await settle();
  expect(first.engine.isLeader).toBe(true);
  first.stop(false);
  await pass(29_000);
  expect(targets(registry)).toEqual({ 'a.service': '1' });
  registry.setMachine({ id: second.id, primaryIP: '172.17.8.102', metadata: {} }); // the beat of the living one
  await pass(1500);
  expect(second.engine.isLeader).toBe(true);
  expect(targets(registry)).toEqual({ 'a.service': '2' });
  expect(second.units.calls).toEqual(['load a.service', 'start a.service']);
  expect(registry.machines().map(({ id }) => id)).toEqual([second.id]);
});

test('a machine that is shut down in order leaves at once, and gets its units again at its next boot', async () => {
  const { registry } = newRegistry();
  const machine = startMachine(registry, 1);
  registry.createUnit('a.service', service(), 'launched');
  await settle();
  machine.stop(true);
  expect(registry.machines()).toEqual([]);
  expect(registry.states()).toEqual([]);
  const again = startMachine(registry, 1);
  await settle();
  expect(again.units.calls).toEqual(['load a.service', 'start a.service']);
});

test('requirements decide where a unit may run', async () => {
  const { registry } = newRegistry();
  startMachine(registry, 1, { disk: 'ssd', region: 'east' });
  startMachine(registry, 2, { disk: 'hdd', region: 'east' });
  const units: Record<string, string[]> = {
    'pinned.service': [`MachineID=${'2'.repeat(32)}`],
    'short.service': ['MachineID=22222222'],
    'follows.service': ['MachineOf=pinned.service'],
    'fast.service': ['MachineMetadata="disk=ssd" "region=east"'],
    'either.service': ['MachineMetadata=disk=nvme', 'MachineMetadata=disk=hdd'],
    'nowhere.service': ['MachineMetadata=disk=tape'],
    'web@1.service': ['Conflicts=%p@*.service'],
    'web@2.service': ['Conflicts=%p@*.service'],
    'web@3.service': ['Conflicts=%p@*.service'],
  };
  for (const [name, lines] of Object.entries(units)) registry.createUnit(name, service(...lines), 'launched');
  await settle();
  const found = targets(registry);
  expect(found).toMatchObject({
    'pinned.service': '2',
    'short.service': '2',
    'follows.service': '2',
    'fast.service': '1',
    'either.service': '2',
  });
  expect(found['nowhere.service']).toBeUndefined();
  expect(new Set([found['web@1.service'], found['web@2.service']])).toEqual(new Set(['1', '2']));
  expect(found['web@3.service']).toBeUndefined();
});

test('a global unit runs on every machine that suits it, without a target', async () => {
  const { registry } = newRegistry();
  const [first, second] = [startMachine(registry, 1, { disk: 'ssd' }), startMachine(registry, 2)];
  registry.createUnit('all.service', service('Global=true'), 'launched');
  registry.createUnit('some.service', service('Global=yes', 'MachineMetadata=disk=ssd'), 'launched');
  await settle();
  expect(first.units.calls).toEqual(expect.arrayContaining(['start all.service', 'start some.service']));
  expect(second.units.calls).toEqual(['load all.service', 'start all.service']);
  expect(registry.job('all.service')!.target).toBeUndefined();
  expect(registry.statesOf('all.service')).toHaveLength(2);
});

test('templates are kept but never run', async () => {
  const { registry } = newRegistry();
  const { units } = startMachine(registry, 1);
  registry.createUnit('web@.service', service(), 'launched');
  await settle();
  expect(units.calls).toEqual([]);
});

test('a client that writes keys itself is served like the others', async () => {
  const { registry, store } = newRegistry();
  const { units } = startMachine(registry, 1);
  registry.createUnit('seen.service', service(), 'inactive');
  const { hash } = registry.job('seen.service')!;
  store.create('/_coreos.com/fleet/job/old.service/object', {
    value: JSON.stringify({ Name: 'old.service', UnitHash: [...Buffer.from(hash, 'hex')] }),
  });
  store.set('/_coreos.com/fleet/job/old.service/target-state', { value: 'launched' });
  await settle();
  expect(units.calls).toEqual(['load old.service', 'start old.service']);
  store.delete('/_coreos.com/fleet/job/old.service', { recursive: true });
  await settle();
  expect(units.calls.at(-1)).toBe('unload old.service');
});

test('a unit whose text comes after its job is run all the same', async () => {
  const { registry, store } = newRegistry();
  const { units } = startMachine(registry, 1);
  registry.createUnit('a.service', service(), 'launched');
  const { hash } = registry.job('a.service')!;
  const text = store.get(`/_coreos.com/fleet/unit/${hash}`).node.value!;
  store.delete(`/_coreos.com/fleet/unit/${hash}`);
  await settle();
  expect(units.calls).toEqual([]);
  store.set(`/_coreos.com/fleet/unit/${hash}`, { value: text });
  await settle();
  expect(units.calls).toEqual(['load a.service', 'start a.service']);
});

test('keys with nonsense in them harm nobody', async () => {
  const { registry, store } = newRegistry();
  const { units, problems } = startMachine(registry, 1);
  for (const key of ['machines/x/object', 'job/bad.service/object', 'job/file', 'states/f', 'lease/engine-leader']) {
    store.set(`/_coreos.com/fleet/${key}`, { value: '{"ID":1,"UnitHash":[1,2],"MachineID":null}' });
  }
  registry.createUnit('good.service', service(), 'launched');
  await settle();
  expect(units.calls).toEqual(['load good.service', 'start good.service']);
  expect(problems).toEqual([]);
});

test('what could not be loaded is tried again', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const { registry } = newRegistry();
    const { units, problems } = startMachine(registry, 1);
    units.fail(true);
    registry.createUnit('a.service', service(), 'launched');
    await settle();
    expect(problems).toEqual([new Error('no space left')]);
    units.fail(false);
    vi.advanceTimersByTime(5000);
    await settle();
    expect(units.calls).toEqual(['load a.service', 'start a.service']);
  } finally {
    vi.useRealTimers();
  }
});

test('while agents beat, nothing expires', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const { registry, pass } = newRegistry();
    const { id } = startMachine(registry, 1);
    registry.createUnit('a.service', service(), 'launched');
    await settle();
    for (let second = 0; second < 120; second++) {
      vi.advanceTimersByTime(1000);
      await pass(1000);
    }
    expect(registry.job('a.service')).toMatchObject({ target: id, launchedOn: id });
    expect(registry.machines()).toHaveLength(1);
    expect(registry.statesOf('a.service')).toHaveLength(1);
  } finally {
    vi.useRealTimers();
  }
});

test('a machine that stands still loses its units, and takes none of them up again when it goes on', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const { registry, pass } = newRegistry();
    const [first, second] = [startMachine(registry, 1), startMachine(registry, 2)];
    registry.createUnit('b.service', service(), 'launched');
    await settle();
    expect(targets(registry)['b.service']).toBe('1');
    first.agent.pause();
    first.engine.pause();
    for (let passed = 0; passed < 40; passed++) {
      vi.advanceTimersByTime(1000);
      await pass(1000);
    }
    expect(targets(registry)['b.service']).toBe('2');
    expect(second.units.calls).toEqual(['load b.service', 'start b.service']);
    expect(first.units.calls).toEqual(['load b.service', 'start b.service']);
    first.agent.resume();
    first.engine.resume();
    await settle();
    expect(first.units.calls.slice(2)).toEqual(['unload b.service']);
    expect(registry.job('b.service')).toMatchObject({ target: second.id, launchedOn: second.id });
    expect(registry.statesOf('b.service').map(({ machineID }) => machineID)).toEqual([second.id]);
    expect(registry.machines()).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});

test('the lead of a machine that lost its power is taken over once the lease is over', async () => {
  const { registry, pass } = newRegistry();
  const [first, second] = [startMachine(registry, 1), startMachine(registry, 2)];
  await settle();
  expect([first.engine.isLeader, second.engine.isLeader]).toEqual([true, false]);
  first.stop(false);
  await pass(9000);
  expect(second.engine.isLeader).toBe(false);
  await pass(2000);
  expect(second.engine.isLeader).toBe(true);
});

test('a unit that replaces another one drives it to another machine, and leaves it where it is when there is none', async () => {
  const { registry } = newRegistry();
  startMachine(registry, 1);
  registry.createUnit('old.service', service(), 'launched');
  registry.createUnit('new@1.service', service('Replaces=%p.service old.service'), 'launched');
  await settle();
  expect(targets(registry)).toEqual({ 'old.service': '1', 'new@1.service': '1' });
  const second = startMachine(registry, 2);
  await settle();
  expect(targets(registry)).toEqual({ 'old.service': '2', 'new@1.service': '1' });
  expect(second.units.calls).toEqual(['load old.service', 'start old.service']);
});

test('a replaced unit is not placed beside the one that replaces it, and those that replace each other stay', async () => {
  const { registry } = newRegistry();
  startMachine(registry, 1);
  startMachine(registry, 2);
  registry.createUnit('a.service', service('Replaces=b*.service'), 'launched');
  registry.createUnit('x.service', service(), 'launched');
  registry.createUnit('y.service', service(), 'launched');
  await settle();
  expect(targets(registry)['a.service']).toBe('1');
  registry.createUnit('b.service', service(), 'launched');
  await settle();
  expect(targets(registry)['b.service']).toBe('2');
  registry.createUnit('p.service', service('Replaces=q.service'), 'launched');
  registry.createUnit('q.service', service('Replaces=p.service', 'MachineOf=p.service'), 'launched');
  await settle();
  expect(targets(registry)['q.service']).toBe(targets(registry)['p.service']);
});

test('a process that was held up for longer than beats may be missing loses no unit', async () => {
  const { registry, pass } = newRegistry();
  const [first, second] = [startMachine(registry, 1), startMachine(registry, 2)];
  registry.createUnit('a.service', service(), 'launched');
  registry.createUnit('b.service', service(), 'launched');
  await settle();
  const before = targets(registry);
  await pass(3_600_000);
  expect(registry.machines()).toHaveLength(2);
  expect(targets(registry)).toEqual(before);
  expect([first, second].map(({ units }) => units.calls.length)).toEqual([2, 2]);
  expect(registry.states()).toHaveLength(2);
  expect(registry.job('a.service')?.launchedOn).toBe(registry.job('a.service')?.target);
});

test('a unit that systemd will not start counts as launched all the same, and its state tells', async () => {
  const { registry } = newRegistry();
  const { units, problems, id } = startMachine(registry, 1);
  units.manager.start = () => Promise.reject(new Error('Unit a.timer failed to load: Invalid argument.'));
  registry.createUnit('a.timer', service(), 'launched');
  await settle();
  expect(registry.job('a.timer')).toMatchObject({ target: id, launchedOn: id });
  expect(registry.statesOf('a.timer')).toMatchObject([{ systemdActiveState: 'inactive' }]);
  expect(problems).toEqual([new Error('Unit a.timer failed to load: Invalid argument.')]);
});
