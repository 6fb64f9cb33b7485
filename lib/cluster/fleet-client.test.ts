import { createServer } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { createFleetClient } from './fleet-client.ts';

test('many requests share one stream and leave nothing behind on it', async () => {
  const server = createServer((_request, response) => response.setHeader('Content-Type', 'application/json').end('{}'));
  const streams: Duplex[] = [];
  const client = createFleetClient({
    timeout: 5000,
    connect: async () => {
      const [ours, theirs] = duplexPair();
      server.emit('connection', theirs);
      streams.push(ours);
      return ours;
    },
  });
  onTestFinished(() => client.close());
  for (let count = 0; count < 20; count += 1) expect(await client.machines()).toEqual([]);
  expect(streams).toHaveLength(1);
  expect(streams[0]!.listenerCount('error')).toBeLessThan(4);
});
