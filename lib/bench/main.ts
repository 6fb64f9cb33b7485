// `npm run bench -- terminal [--quick]`: our terminals against a raw pty loop, wetty and ttyd, all in one run, in turn.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readAmounts } from './amounts.ts';
import { keepFlooding } from './background-flood.ts';
import { benchLab } from './lab-bench.ts';
import { serveManyTerminals } from './many-terminals.ts';
import { readRaw } from './raw-pty.ts';
import { soak } from './soak.ts';
import { printStamps } from './stamps.ts';
import { benchTerminal } from './terminal-bench.ts';

const bundle = fileURLToPath(import.meta.url);
const [command, ...words] = process.argv.slice(2);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

try {
  // The first four are the bench's own child processes.
  if (command === 'raw-pty') readRaw(words[0] as string, words[1] as string);
  else if (command === 'flood') await keepFlooding(words[0] as string, words[1] as string);
  else if (command === 'many-terminals') await serveManyTerminals(bundle, Number(words[0]));
  else if (command === 'stamps') printStamps(words);
  else if (command === 'terminal') {
    await benchTerminal(bundle, readAmounts(words));
    process.exit();
  } else if (command === 'lab') {
    await benchLab(dirname(bundle), words);
    process.exit();
  } else if (command === 'soak') process.exit((await soak(dirname(bundle), words)) ? 0 : 1);
  else throw new Error('Say what to measure: `npm run bench -- terminal`, `lab` or `soak`; the first two with `--quick` for a short run.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
