import { expect, test } from 'vitest';
import { fakeClock } from './fake-clock.ts';
import { KeyStore } from './key-store.ts';
import type { KeyEvent } from './wire.ts';

function newStore() {
  const clock = fakeClock();
  const record: KeyEvent[] = [];
  return { clock, record, store: new KeyStore(clock, (event) => record.push(event)) };
}

test('the first key of a new store gets index 4', () => {
  expect(newStore().store.set('/foo', { value: 'bar' }).node).toEqual({ key: '/foo', value: 'bar', modifiedIndex: 4, createdIndex: 4 });
});

test('a key that expires is removed with an event that shows its last value', () => {
  const { store, clock } = newStore();
  const told: KeyEvent[] = [];
  store.set('/tt', { value: 'x', expires: store.after(2) });
  store.watch('/', { recursive: true, stream: true }, (event) => told.push(event));
  clock.advance(1999);
  store.expire();
  expect(store.get('/tt').node.ttl).toBe(1);
  clock.advance(1);
  store.expire();
  expect(() => store.get('/tt')).toThrow('100: Key not found (/tt) [5]');
  expect(told).toMatchObject([{ action: 'expire', node: { key: '/tt', modifiedIndex: 5, createdIndex: 4 }, prevNode: { value: 'x' } }]);
});

test('a refresh keeps the value, is not told, and postpones the end', () => {
  const { store, clock } = newStore();
  const told: KeyEvent[] = [];
  store.set('/a', { value: 'x', expires: store.after(1) });
  store.watch('/a', { stream: true }, (event) => told.push(event));
  clock.advance(900);
  store.update('/a', { expires: store.after(1), refresh: true });
  clock.advance(900);
  store.expire();
  expect(store.get('/a').node.value).toBe('x');
  expect(told).toEqual([]);
});

test('thousands of renewals of one key still expire once', () => {
  const { store, clock, record } = newStore();
  store.set('/a', { expires: store.after(1) });
  for (let count = 0; count < 5000; count++) {
    clock.advance(1);
    store.update('/a', { expires: store.after(1), refresh: true });
    store.expire();
  }
  clock.advance(1000);
  store.expire();
  expect(record.filter(({ action }) => action === 'expire')).toHaveLength(1);
});

test('history answers watches of the last 1000 events and refuses older ones', () => {
  const { store } = newStore();
  for (let count = 0; count < 1500; count++) store.set(`/k${count % 7}`, { value: String(count) });
  const told: KeyEvent[] = [];
  const oldest = store.index - 999;
  store.watch('/', { recursive: true, since: oldest }, (event) => told.push(event));
  expect(told[0]?.node.modifiedIndex).toBe(oldest);
  expect(() => store.watch('/', { since: oldest - 1 }, () => {})).toThrow(`[${oldest}/${oldest - 1}]`);
});

test('a watch above a hidden key is not told of it live', () => {
  const { store } = newStore();
  const told: string[] = [];
  store.watch('/', { recursive: true, stream: true }, ({ node }) => told.push(node.key));
  store.set('/_coreos.com/x');
  store.set('/seen');
  expect(told).toEqual(['/seen']);
});

test('removing a directory tells those who watch below it', () => {
  const { store } = newStore();
  const told: string[] = [];
  store.set('/d/x/y');
  store.watch('/d/x/y', {}, ({ action, node }) => told.push(`${action} ${node.key}`));
  store.delete('/d', { recursive: true });
  expect(told).toEqual(['delete /d']);
});

test('names that JavaScript objects know by heart are ordinary keys', () => {
  const { store } = newStore();
  store.set('/__proto__/constructor', { value: '1' });
  expect(store.get('/__proto__', { recursive: true }).node.nodes?.map(({ key }) => key)).toEqual(['/__proto__/constructor']);
  expect(() => store.get('/toString')).toThrow('Key not found');
});

test('what was recorded can be replayed into an equal store', () => {
  const { store, record, clock } = newStore();
  store.set('/a/b', { value: '1' });
  store.createInOrder('/queue', { value: 'first' });
  store.create('/d', { dir: true, expires: store.after(10) });
  store.update('/d', { expires: store.after(20) });
  store.update('/a/b', { value: '2', expires: store.after(5) });
  store.set('/gone', { expires: store.after(1) });
  store.compareAndSwap('/a/b', { prevValue: '2' }, { value: '3' });
  store.delete('/queue', { recursive: true });
  clock.advance(1000);
  store.expire();
  const replayed = new KeyStore(clock);
  for (const event of record) replayed.replay(JSON.parse(JSON.stringify(event)));
  expect(replayed.save()).toEqual(store.save());
  const restored = new KeyStore(clock);
  restored.restore(JSON.parse(JSON.stringify(store.save())));
  expect(restored.save()).toEqual(store.save());
  clock.advance(19_000);
  replayed.expire();
  expect(() => replayed.get('/d')).toThrow('Key not found');
});

test('refused writes change nothing', () => {
  const { store, record } = newStore();
  store.set('/f', { value: '1' });
  const before = store.save();
  for (const attempt of [
    () => store.set('/f/below'),
    () => store.create('/f'),
    () => store.set('/', { value: 'x' }),
    () => store.delete('/nope'),
    () => store.compareAndSwap('/f', { prevValue: '2', prevIndex: 9 }, { value: 'x' }),
  ]) {
    expect(attempt).toThrow();
  }
  expect(store.save()).toEqual(before);
  expect(record).toHaveLength(1);
});
