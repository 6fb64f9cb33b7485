import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { createAddressBook, openLoopback, openUnixSocket } from './address-book.ts';

test('a machine reaches its own services by address and by loopback, and those of others by address only', async () => {
  const book = createAddressBook();
  const [first, second] = [new PassThrough(), new PassThrough()];
  book.enter('172.17.8.101', 4001, () => first);
  book.enter('172.17.8.102', 4001, () => second);
  const connect = book.connectFrom('172.17.8.101');
  expect(await connect('127.0.0.1', 4001)).toBe(first);
  expect(await connect('localhost', 4001)).toBe(first);
  expect(await connect('172.17.8.102', 4001)).toBe(second);
});

test('what listens on loopback is there for every machine that has not a port of its own of that number', async () => {
  const book = createAddressBook();
  const [own, everywhere] = [new PassThrough(), new PassThrough()];
  book.enter('127.0.0.1', 4001, () => everywhere);
  book.enter('172.17.8.101', 4001, () => own);
  expect(await book.connectFrom('172.17.8.101')('localhost', 4001)).toBe(own);
  expect(await book.connectFrom('172.17.8.102')('localhost', 4001)).toBe(everywhere);
  await expect(book.connectFrom('172.17.8.101')('172.17.8.102', 4001)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('whoever wants to know is told of every change', () => {
  const book = createAddressBook();
  const seen: number[] = [];
  const unsubscribe = book.onChange(() => seen.push(book.entries().length));
  const leave = book.enter('172.17.8.101', 80, () => new PassThrough());
  leave();
  leave();
  unsubscribe();
  book.enter('172.17.8.101', 80, () => new PassThrough());
  expect(seen).toEqual([1, 0]);
});

test('a port where nothing listens refuses, before and after it was entered', async () => {
  const book = createAddressBook();
  const connect = book.connectFrom('172.17.8.101');
  await expect(connect('172.17.8.101', 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  const leave = book.enter('172.17.8.101', 80, () => new PassThrough());
  await connect('172.17.8.101', 80);
  leave();
  await expect(connect('172.17.8.101', 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a taken port is refused, and leaving twice does not throw out the one who came after', async () => {
  const book = createAddressBook();
  const leave = book.enter('172.17.8.101', 80, () => new PassThrough());
  expect(() => book.enter('172.17.8.101', 80, () => new PassThrough())).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }));
  leave();
  book.enter('172.17.8.101', 80, () => new PassThrough());
  leave();
  expect(book.entries()).toEqual([{ address: '172.17.8.101', port: 80 }]);
});

test('a loopback stream carries bytes to a real port and reports a closed one', async () => {
  const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const stream = await openLoopback(port);
  expect(String((await once(stream, 'data'))[0])).toBe('hello');
  server.close();
  await expect(openLoopback(1)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a published port whose program does not listen yet, or has ended, refuses like any closed port', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'book-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, '80.sock');
  const book = createAddressBook();
  book.enter('172.17.8.101', 80, () => openUnixSocket(path));
  const connect = book.connectFrom('172.17.8.101');
  await expect(connect('172.17.8.101', 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' });

  const script = `require('net').createServer((socket) => socket.end('hello')).listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const program = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void program.kill('SIGKILL'));
  await once(program.stdout, 'data');
  const [chunk] = await once(await connect('172.17.8.101', 80), 'data');
  expect(String(chunk)).toBe('hello');
  program.kill('SIGKILL');
  await once(program, 'exit');
  await expect(connect('172.17.8.101', 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a machine that is taken off the network refuses, and answers again once it is plugged in', async () => {
  const book = createAddressBook();
  book.enter('172.17.8.101', 80, () => new PassThrough());
  const connect = book.connectFrom('172.17.8.102');
  const plugIn = book.unplug('172.17.8.101');
  await expect(connect('172.17.8.101', 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  plugIn();
  expect(await connect('172.17.8.101', 80)).toBeInstanceOf(PassThrough);
});

test('a link to the socket of somebody else is no port', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'book-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const server = createServer((socket) => socket.end('hello')).listen(join(directory, 'other.sock'));
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  await symlink(join(directory, 'other.sock'), join(directory, '80.sock'));
  expect(String((await once(await openUnixSocket(join(directory, 'other.sock')), 'data'))[0])).toBe('hello');
  await expect(openUnixSocket(join(directory, '80.sock'))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
