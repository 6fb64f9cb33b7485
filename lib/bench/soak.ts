// `npm run bench -- soak [--minutes N]`: the whole walkthrough over and over in one living app, which must stay what it was.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadContent } from '#lib/content/load-content.ts';
import type { Chapter, Step } from '#lib/shared/chapter.ts';
import { startApp } from './app.ts';
import { pause } from './line.ts';
import { memory } from './processes.ts';
import { openSoakPage } from './soak-page.ts';
import { canTell, findGrowth, type Sample } from './soak-samples.ts';

/** By hand, before a release. */
const usualMinutes = 60;
/** Programs are loaded, compiled and have filled their caches by then. */
const longestWarmUp = 5;
/** What a round has set going may take so long to end. */
const settleMs = 2000;
const looks = 6;

/** @param programs where the bundled programs lie. Answers whether nothing grew. */
export async function soak(programs: string, words: string[]): Promise<boolean> {
  const minutes = readMinutes(words);
  const warmUp = Math.min(longestWarmUp, minutes / 3);
  const { chapters } = await loadContent(join(process.cwd(), 'content'));
  const app = await startApp(programs);
  const samples: Sample[] = [];
  try {
    const undo = join(app.workspace, 'undo.sh');
    writeFileSync(undo, undoAll(chapters));
    const began = performance.now();
    const elapsed = () => (performance.now() - began) / 60_000;
    // A slow computer plays longer: with too few rounds nothing can be told.
    for (let round = 1; elapsed() < minutes || (!canTell(samples, warmUp) && elapsed() < 3 * minutes); round += 1) {
      const page = await openSoakPage(app.url); // a new one for each round, as after a reload
      for (const { slug, blocks } of chapters) {
        await page.read(slug);
        for (const block of blocks) if (block.kind === 'step') await page.play(slug, block.step);
      }
      await page.type(`cd; bash ${undo}`);
      page.close();
      const sample = await takeSample(app.pid, elapsed);
      samples.push(sample);
      console.error(describeSample(round, sample));
    }
  } finally {
    await app.close();
  }
  const growth = findGrowth(samples, warmUp);
  const took = (samples.at(-1)?.at ?? 0).toFixed(1);
  for (const sentence of growth) console.log(sentence);
  console.log(
    growth.length === 0
      ? `Soak: ${samples.length} rounds in ${took} minutes, memory, files and processes flat.`
      : `Soak: ${samples.length} rounds in ${took} minutes, and something grew.`,
  );
  return growth.length === 0;
}

function readMinutes(words: string[]): number {
  if (words.length === 0) return usualMinutes;
  const minutes = Number(words[1]);
  if (words[0] !== '--minutes' || words.length !== 2 || !(minutes > 0))
    throw new Error('It works like this: npm run bench -- soak [--minutes N]');
  return minutes;
}

/** Takes back what is there, last step first; what needs the port of a machine goes with its cluster. */
function undoAll(chapters: Chapter[]): string {
  const steps = chapters.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === 'step' ? [block.step] : [])));
  const known = new Map(steps.map((step) => [step.id, step]));
  const proofs = (step: Step) =>
    [step, ...step.requires.map((id) => known.get(id))].flatMap((each) =>
      each?.check ? [`(\n${each.check.command}\n) >/dev/null 2>&1`] : [],
    );
  return steps
    .filter(({ undo, check }) => undo && ![undo, check?.command ?? ''].some((text) => text.includes('{{')))
    .reverse()
    .map((step) => `if ${[...proofs(step), 'true'].join(' && ')}; then (\n${step.undo}\n) fi\n`)
    .join('');
}

/** The least of several looks: what comes and goes by itself is not the app's. */
async function takeSample(pid: number, elapsed: () => number): Promise<Sample> {
  await pause(settleMs);
  let least: Sample | undefined;
  for (let count = 0; count < looks; count += 1) {
    const sample = look(pid, elapsed());
    if (!least || sample.processes <= least.processes) least = sample;
    await pause(settleMs / looks);
  }
  return least as Sample;
}

function look(root: number, at: number): Sample {
  const family = familyOf(root);
  const programs: Sample['programs'] = {};
  for (const { pid, name } of family) {
    try {
      programs[name] = { memory: memory([pid]), files: readdirSync(`/proc/${pid}/fd`).length };
    } catch {
      // It has ended meanwhile.
    }
  }
  return { at, processes: family.length, programs };
}

/** The process and all that it started; the app's own programs by name, everything else by its number. */
function familyOf(root: number): { pid: number; name: string }[] {
  const parents = new Map<number, number>();
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      parents.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const family = [{ pid: root, name: 'server' }];
  for (const member of family) {
    for (const [pid, parent] of parents) if (parent === member.pid) family.push({ pid, name: nameOf(pid, member.name) });
  }
  return family;
}

function nameOf(pid: number, parent: string): string {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    const program = /\/([\w-]+)\.mjs\0/.exec(command)?.[1];
    if (program) return parent === 'server' ? program : `${parent}'s ${program}`;
  } catch {
    // It has ended meanwhile.
  }
  return `process ${pid}`;
}

function describeSample(round: number, { at, processes, programs }: Sample): string {
  const own = Object.entries(programs).filter(([name]) => !name.startsWith('process '));
  const parts = own.map(([name, { memory: megabytes, files }]) => `${name} ${megabytes.toFixed(0)} MB, ${files} files`);
  return `Round ${round} (${at.toFixed(1)} min): ${processes} processes; ${parts.join('; ')}`;
}
