// An etcd of ours as a process of its own, so that it can be killed; only for tests. Says its port when it serves.
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { listenOnLoopback } from '../listen.ts';
import { openEtcd } from './etcd.ts';
import { loneMember } from './members.ts';

/** The disk takes its time before it does anything, so that what is acknowledged too early is missing for certain. */
const diskMs = 5;

await slowDown();
const members = loneMember('core-01', () => 'http://127.0.0.1:4001');
const etcd = await openEtcd({ directory: process.argv[2] as string, members });
const handler = etcd.handlerOf(members.leader().id);
const { port } = await listenOnLoopback(handler, 0, handler.plain);
process.stdin.on('end', () => process.exit()).resume();
process.stdout.write(`${port}\n`);

async function slowDown(): Promise<void> {
  const file = await open('/dev/null');
  const prototype = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  const write = prototype.write;
  prototype.write = async function (this: FileHandle, ...words: unknown[]) {
    await setTimeout(diskMs);
    return (write as (...words: unknown[]) => unknown).apply(this, words);
  } as FileHandle['write'];
}
