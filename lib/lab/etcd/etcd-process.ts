// An etcd of ours as a process of its own, so that it can be killed; only for tests. Says its port when it serves.
import { listenOnLoopback } from '../listen.ts';
import { openEtcd } from './etcd.ts';
import { loneMember } from './members.ts';

const members = loneMember('core-01', () => 'http://127.0.0.1:4001');
const etcd = await openEtcd({ directory: process.argv[2] as string, members });
const handler = etcd.handlerOf(members.leader().id);
const { port } = await listenOnLoopback(handler, 0, handler.plain);
process.stdin.on('end', () => process.exit()).resume();
process.stdout.write(`${port}\n`);
