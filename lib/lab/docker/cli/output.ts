// Brings a container's output to the standard streams, at the speed that their reader takes it.
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { createFrameDecoder } from '../stream-frames.ts';

/** Resolves when the source has ended. @param raw one stream without frames, as of a container with a terminal */
export async function copyOutput(source: Readable, raw: boolean): Promise<void> {
  const full = new Set<NodeJS.WriteStream>();
  const write = (target: NodeJS.WriteStream, bytes: Buffer) => {
    if (!target.write(bytes)) full.add(target);
  };
  const decode = createFrameDecoder((stream, bytes) => write(process[stream], bytes));
  for await (const chunk of source as AsyncIterable<Buffer>) {
    if (raw) write(process.stdout, chunk);
    else decode(chunk);
    for (const target of full) await once(target, 'drain');
    full.clear();
  }
}
