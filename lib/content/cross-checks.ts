import type { ParsedChapter } from './parse-chapter.ts';
import type { Problem } from './problems.ts';

export interface ChapterFile extends ParsedChapter {
  /** As the author names it: `content/03-tools.md`. */
  file: string;
}

/** What can only be seen with all chapters side by side, in their order: ids that are taken, steps and places that do not exist. */
export function checkTogether(chapters: ChapterFile[]): Problem[] {
  return [...checkStepIds(chapters), ...checkRequires(chapters), ...chapters.flatMap((from) => checkLinks(from, chapters))];
}

function checkStepIds(chapters: ChapterFile[]): Problem[] {
  const problems: Problem[] = [];
  const places = new Map<string, string>();
  for (const { file, stepLines } of chapters) {
    for (const { id, line } of stepLines) {
      const place = places.get(id);
      if (place)
        problems.push({
          file,
          line,
          text: `the step id "${id}" is taken by ${place}. Choose another: ids are unique in the whole tutorial.`,
        });
      else places.set(id, `${file}:${line}`);
    }
  }
  return problems;
}

function checkRequires(chapters: ChapterFile[]): Problem[] {
  const problems: Problem[] = [];
  const all = new Set(chapters.flatMap(({ chapter }) => chapter.steps));
  const earlier = new Set<string>();
  for (const { file, chapter, stepLines } of chapters) {
    for (const block of chapter.blocks) {
      if (block.kind !== 'step') continue;
      const { id, requires } = block.step;
      for (const other of requires.filter((each) => !earlier.has(each))) {
        const line = stepLines.find((each) => each.id === id)?.line ?? 1;
        const reason = all.has(other) ? 'which does not come before it. Reorder the steps' : 'which no chapter has. Correct the id';
        problems.push({ file, line, text: `the step "${id}" requires "${other}", ${reason}, or remove it from requires=.` });
      }
      earlier.add(id);
    }
  }
  return problems;
}

function checkLinks(from: ChapterFile, chapters: ChapterFile[]): Problem[] {
  const problems: Problem[] = [];
  for (const { line, target, file, id } of from.links) {
    const to = file ? chapters.find((each) => each.file.endsWith(`/${file}`)) : from;
    if (!to)
      problems.push({
        file: from.file,
        line,
        text: `the link to "${target}" names a chapter that does not exist. Correct the file's name.`,
      });
    else if (id && !hasAnchor(to, id)) {
      const text = `the link to "${target}" names neither a heading nor a step of ${to.file}. Correct what follows the "#".`;
      problems.push({ file: from.file, line, text });
    }
  }
  return problems;
}

function hasAnchor({ chapter }: ChapterFile, id: string): boolean {
  return chapter.steps.includes(id) || chapter.headings.some((heading) => heading.id === decodeURIComponent(id));
}
