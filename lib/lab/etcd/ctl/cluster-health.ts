// `etcdctl cluster-health`: asks every member how it is.
import { setTimeout } from 'node:timers/promises';
import type { Member } from '../members.ts';
import { askHealth } from './client.ts';
import type { Command, Invocation } from './command.ts';
import { Failure, serverError, unhealthy } from './failure.ts';

export const clusterHealth: Command = {
  usage: ' ',
  summary: 'check the health of the etcd cluster',
  flags: [{ names: ['forever', 'f'], kind: 'switch', about: 'forever check the health every 10 second until CTRL+C' }],
  run: checkHealth,
};

async function checkHealth(call: Invocation): Promise<number> {
  const { client, print } = call;
  for (;;) {
    const { members } = await client.members().catch((error) => {
      print('cluster may be unhealthy: failed to list members\n');
      throw error instanceof Failure ? new Failure(error.message, serverError) : error;
    });
    let healthy = 0;
    for (const member of members) if (await isHealthy(member, print)) healthy += 1;
    const whole = healthy === members.length;
    print(`cluster is ${whole ? 'healthy' : healthy > 0 ? 'degraded' : 'unavailable'}\n`);
    if (!call.isOn('forever')) return whole ? 0 : unhealthy;
    print('\nnext check after 10 second...\n\n');
    await setTimeout(10_000);
  }
}

/** Asks one client URL after the other until one answers. */
async function isHealthy({ id, clientURLs }: Member, print: Invocation['print']): Promise<boolean> {
  for (const url of clientURLs) {
    const health = await askHealth(url);
    if ('problem' in health) {
      print(`failed to check the health of member ${id} on ${url}: Get "${url}/health": ${health.problem}\n`);
      continue;
    }
    const word = health.healthy ? 'healthy' : 'unhealthy';
    print(`member ${id} is ${word}: got ${word} result from ${url}\n`);
    return health.healthy;
  }
  const tried = `[${clientURLs.join(' ')}] are all unreachable`;
  print(`member ${id} is unreachable: ${clientURLs.length === 0 ? 'no available published client urls' : tried}\n`);
  return false;
}
