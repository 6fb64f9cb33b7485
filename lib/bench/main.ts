// `npm run bench -- terminal [--quick]`: our terminals against a raw pty loop and wetty, all in one run, in turn.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keepFlooding } from './background-flood.ts';
import { benchLab } from './lab-bench.ts';
import { readRaw } from './raw-pty.ts';
import { benchTerminal } from './terminal-bench.ts';

const bundle = fileURLToPath(import.meta.url);
const [command, ...words] = process.argv.slice(2);
const unknown = words.filter((word) => word !== '--quick');

try {
  // The first two are the bench's own child processes.
  if (command === 'raw-pty') readRaw(words[0] as string, words[1] as string);
  else if (command === 'flood') await keepFlooding(words[0] as string, words[1] as string);
  else if (command === 'terminal' && unknown.length === 0) {
    await benchTerminal(bundle, words.includes('--quick'));
    process.exit();
  } else if (command === 'lab') {
    await benchLab(dirname(bundle), words);
    process.exit();
  } else throw new Error('Say what to measure: `npm run bench -- terminal` or `npm run bench -- lab`; with `--quick` for a short run.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
