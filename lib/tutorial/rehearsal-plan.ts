/** Which steps a rehearsal runs, in the order of the story. */
import type { Chapter, Step } from '#lib/shared/chapter.ts';

export interface PlannedStep {
  /** The chapter's slug. */
  chapter: string;
  step: Step;
  /** It belongs to an earlier chapter than the one that was asked for, and runs because that one builds on it. */
  preparation: boolean;
}

/**
 * All steps, or those of one chapter and whatever they require, near or far.
 * @param only a chapter's slug or number
 * @throws Error that names the chapters when there is no such one
 */
export function planRehearsal(chapters: Chapter[], only: string | null): PlannedStep[] {
  const all = chapters.flatMap(({ slug, blocks }) =>
    blocks.flatMap((block) => (block.kind === 'step' ? [{ chapter: slug, step: block.step, preparation: false }] : [])),
  );
  if (only === null) return all;
  const chosen = chapters.find(({ slug, number }) => slug === only || String(number) === only);
  if (!chosen) throw new Error(`There is no chapter "${only}". The chapters are ${chapters.map(({ slug }) => slug).join(', ')}.`);

  const wanted = new Set<string>();
  const want = (id: string): void => {
    if (wanted.has(id)) return;
    wanted.add(id);
    for (const required of all.find(({ step }) => step.id === id)?.step.requires ?? []) want(required);
  };
  for (const id of chosen.steps) want(id);
  return all.filter(({ step }) => wanted.has(step.id)).map((each) => ({ ...each, preparation: each.chapter !== chosen.slug }));
}
