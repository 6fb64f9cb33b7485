import type { Chapter, Step } from '#lib/shared/chapter.ts';
import { type ChapterFile, checkTogether } from './cross-checks.ts';
import { parseChapter } from './parse-chapter.ts';
import { ContentError, type Problem } from './problems.ts';
import { readFolder } from './read-folder.ts';

/** The whole tutorial, as read from its folder. */
export interface Content {
  chapters: Chapter[];
  find(slug: string): Chapter | null;
  /** `chapter` is a slug, `step` an id. */
  step(chapter: string, step: string): Step | null;
}

/** Reads `NN-slug.md` files. Rejects with a `ContentError` that names every problem with file and line, what is wrong and what to do. */
export async function loadContent(directory: string): Promise<Content> {
  const problems: Problem[] = [];
  const parsed: ChapterFile[] = [];
  for (const [index, { file, slug, text }] of (await readFolder(directory, (problem) => problems.push(problem))).entries()) {
    const chapter = parseChapter(text, slug, index + 1, (line, problem) => problems.push({ file, line, text: problem }));
    if (chapter) parsed.push({ ...chapter, file });
  }
  problems.push(...checkTogether(parsed));
  if (problems.length > 0) throw new ContentError(problems.sort(byPlace));
  return indexChapters(parsed.map(({ chapter }) => chapter));
}

function byPlace(one: Problem, other: Problem): number {
  return one.file.localeCompare(other.file) || one.line - other.line;
}

function indexChapters(chapters: Chapter[]): Content {
  const bySlug = new Map(chapters.map((chapter) => [chapter.slug, chapter]));
  const find = (slug: string) => bySlug.get(slug) ?? null;
  const step = (slug: string, id: string) => {
    for (const block of find(slug)?.blocks ?? []) {
      if (block.kind === 'step' && block.step.id === id) return block.step;
    }
    return null;
  };
  return { chapters, find, step };
}
