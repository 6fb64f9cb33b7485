// `npm run tutorial -- test` as a real process: the whole story without a browser, and what it says of a story that does not hold.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import type { RehearsalReport } from '#lib/tutorial/rehearsal-report.ts';

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Its own TMPDIR shows what it leaves behind. */
function rehearse(words: string[], folder = makeFolder()): Promise<Outcome> {
  return new Promise((resolve) => {
    const program = join(inject('programs'), 'tutorial.mjs');
    const environment = { ...process.env, TMPDIR: folder };
    const child = execFile(process.execPath, [program, 'test', ...words], { env: environment }, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    );
  });
}

test('every step of the tutorial holds, is taken back, and leaves nothing behind', { timeout: 240_000 }, async () => {
  const folder = makeFolder();
  const junit = join(folder, 'junit.xml');
  const { status, stdout, stderr } = await rehearse(['--json', '--junit', junit], folder);
  expect(status, stderr).toBe(0);
  expect(readdirSync(folder)).toEqual(['junit.xml']);
  const report: RehearsalReport = JSON.parse(stdout);
  expect(report).toMatchObject({ failed: 0, skipped: 0, survivors: [], kept: null });
  const played = report.results.filter(({ part }) => part === 'step').map(({ step }) => step);
  expect(played).toEqual(
    expect.arrayContaining(['clone', 'cluster-up', 'list-machines', 'launch', 'journal', 'by-hand', 'destroy-cluster']),
  );
  expect(report.results.filter(({ part }) => part === 'undo').map(({ step }) => step)).toEqual(
    expect.arrayContaining(['clone-vagrant', 'clone']),
  );
  expect(readFileSync(junit, 'utf8')).toContain('<testcase classname="launch" name="journal: Follow the journal"');
  expect(stderr).toContain('Nothing is left running.');
});

test('a story that does not hold is told step by step, and the text of its terminals is kept', { timeout: 120_000 }, async () => {
  const content = writeChapters(
    '```sh run id=wrong title="Fails"\necho from-the-step; (exit 3)\n```',
    '```sh run id=after title="Builds on it" requires=wrong\ntrue\n```',
    '```sh run id=other title="Prints something else"\nprintf \'one\\nthree\\n\'\n```\n```expect for=other\none\ntwo\n```',
    '```sh run id=idle title="Was done before"\ntrue\n```\n```sh check for=idle hint="A hint."\ntrue\n```',
    '```sh run id=empty title="Does nothing"\ntrue\n```\n```sh check for=empty hint="Look for the file."\ntest -f ~/no-such-file\n```',
    '```sh run id=fine title="Fine" undo="rm -f ~/made"\ntouch ~/made\n```\n```sh check for=fine hint=h\ntest -f ~/made\n```',
    '```sh run id=stays title="Is not taken back" undo="true"\ntouch ~/stays\n```\n```sh check for=stays hint=h\ntest -f ~/stays\n```',
  );
  const folder = makeFolder();
  const junit = join(folder, 'junit.xml');
  const { status, stdout, stderr } = await rehearse(['--json', '--junit', junit, '--content', content], folder);
  expect(status, stderr).toBe(1);
  const report: RehearsalReport = JSON.parse(stdout);
  const outcome = (step: string, part = 'step') => report.results.find((each) => each.step === step && each.part === part);
  expect(outcome('wrong')).toMatchObject({ status: 'failed', problems: ['It ended with exit status 3.'], output: 'from-the-step' });
  expect(outcome('after')).toMatchObject({ status: 'skipped', problems: ['It builds on wrong, which did not work.'] });
  expect(outcome('other')?.problems).toEqual(['Its output differs from the sample:\n  one\n- two\n+ three']);
  expect(outcome('idle')?.problems).toEqual([expect.stringContaining('Its check passes before the step has run')]);
  expect(outcome('empty')?.problems).toEqual(['Its check fails. Look for the file.']);
  expect([outcome('fine'), outcome('fine', 'undo')]).toMatchObject([{ status: 'passed' }, { status: 'passed' }]);
  expect(outcome('stays', 'undo')?.problems).toEqual(['It was taken back, and its check still passes.']);
  expect(report).toMatchObject({ passed: 3, failed: 5, skipped: 1, survivors: [] });
  expect(readFileSync(join(report.kept as string, 'shell.txt'), 'utf8')).toContain('from-the-step');
  expect(stderr).toContain(report.kept);
  expect(readFileSync(junit, 'utf8')).toMatch(/tests="9" failures="5" skipped="1"/);
});

test('words that it does not know, and chapters that are not there, are answered with a sentence', { timeout: 30_000 }, async () => {
  const content = writeChapters('Nothing to run.');
  expect(await rehearse(['--fast'])).toMatchObject({ status: 2, stderr: expect.stringContaining('It works like this: npm run tutorial') });
  expect(await rehearse(['--content', content, '--chapter', 'no-such'])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('There is no chapter "no-such". The chapters are story.'),
  });
});

function writeChapters(...blocks: string[]): string {
  const folder = makeFolder();
  writeFileSync(join(folder, '01-story.md'), `---\ntitle: Story\nsummary: A story.\n---\n\n${blocks.join('\n\n')}\n`);
  return folder;
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tut-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
