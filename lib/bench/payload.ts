// What is printed: mixed lines, as builds, listings and logs print them.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

export interface Payload {
  file: string;
  /** Bytes as the viewer receives them: the terminal turns each newline into two bytes. */
  size: number;
  /** The last line's text, which occurs nowhere else. */
  end: string;
}

const kinds = [
  (n: number) => `[${n}] \x1b[32mok\x1b[0m compiled src/module-${n % 977}.ts in ${n % 83} ms`,
  (n: number) =>
    `-rw-r--r-- 1 core core ${String((n * 7919) % 1_000_003).padStart(8)} Sep 12 10:${String(n % 60).padStart(2, '0')} file-${n}.log`,
  (n: number) => `{"level":"info","time":${1_410_000_000_000 + n},"unit":"reflector.service","msg":"request ${n} answered"}`,
  (n: number) => `${'─'.repeat(n % 40)} größer ≥ kleiner, 漢字 ${n}`,
  () => '',
  (n: number) => `core-01 docker[${n % 4096}]: ${'abcdefghijklmnopqrstuvwxyz '.repeat(1 + (n % 9))}`,
];

/** Writes a file that a terminal prints as about `size` bytes. */
export async function writePayload(file: string, size: number): Promise<Payload> {
  const stream = createWriteStream(file);
  const end = `end-of-${size}-bytes`;
  let written = 0;
  for (let line = 0; written < size - 64; ) {
    const lines: string[] = [];
    for (let count = 0; count < 1000; count += 1, line += 1) lines.push(kinds[line % kinds.length]!(line));
    const block = `${lines.join('\n')}\n`;
    written += Buffer.byteLength(block) + lines.length;
    if (!stream.write(block)) await once(stream, 'drain');
  }
  stream.end(`${end}\n`);
  await finished(stream);
  return { file, size: written + end.length + 2, end };
}
