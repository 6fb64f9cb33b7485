// The walkthrough over and over in one app, for as many minutes as SOAK_MINUTES says. Played alone, after all other tests.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';

const minutes = process.env.SOAK_MINUTES as string;
/** The last round may begin in the last moment, and the app has to start and stop. */
const spareMs = 10 * 60_000;

test('the whole walkthrough in a loop leaves memory, open files and processes as they were', {
  timeout: Number(minutes) * 60_000 + spareMs,
}, async () => {
  const program = join(inject('programs'), 'bench.mjs');
  const { status, said } = await new Promise<{ status: number | null; said: string }>((resolve) => {
    const child = execFile(process.execPath, [program, 'soak', '--minutes', minutes], (_error, stdout, stderr) =>
      resolve({ status: child.exitCode, said: `${stderr}${stdout}` }),
    );
  });
  expect(status, said).toBe(0);
  console.log(said);
});
