// An etcd of ours as a process of its own, on a disk that stops before the process is killed; only for tests.
// Arguments: the directory and, if it is to be killed, after how many changes the disk stops. Says its port when it serves.
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { listenOnLoopback } from '../listen.ts';
import { openEtcd } from './etcd.ts';
import { loneMember } from './members.ts';

/** Time enough for answers that must not be given any more to reach clients. */
const agonyMs = 200;

let lastIndex = Number.POSITIVE_INFINITY;
const members = loneMember('core-01', () => 'http://127.0.0.1:4001');
const etcd = await openEtcd({ directory: process.argv[2] as string, members });
if (process.argv[3] !== undefined) {
  lastIndex = etcd.store.index + Number(process.argv[3]);
  await letDiskStop();
}
const handler = etcd.handlerOf(members.leader().id);
const { port } = await listenOnLoopback(handler, 0, handler.plain);
process.stdin.on('end', () => process.exit()).resume();
process.stdout.write(`${port}\n`);

/** From `lastIndex` on nothing reaches the disk any more, and nothing says so. */
async function letDiskStop(): Promise<void> {
  const file = await open('/dev/null');
  const prototype = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  const write = prototype.write as (...words: unknown[]) => unknown;
  prototype.write = async function (this: FileHandle, ...words: unknown[]) {
    if (etcd.store.index < lastIndex) return write.apply(this, words);
    await setTimeout(agonyMs);
    process.kill(process.pid, 'SIGKILL');
  } as FileHandle['write'];
}
