// The tutorial's text as the pages get it: loaded once, loaded again while somebody writes it, its variables filled in.
import { fillChapter, type VariableValues } from '#lib/content/fill-variables.ts';
import { type Content, loadContent } from '#lib/content/load-content.ts';
import { watchContent } from '#lib/content/watch-content.ts';
import type { Chapter, ChapterSummary, Step } from '#lib/shared/chapter.ts';

export interface Pages {
  chapters(): Promise<ChapterSummary[]>;
  /** With `{{variables}}` as they are now. */
  chapter(slug: string, variables: VariableValues): Chapter | null;
  /** As written: whoever runs it fills in the variables. */
  step(chapter: string, step: string): Step | null;
  /** Of one chapter, as written, in order. */
  steps(chapter: string): Step[];
  onChange(listener: () => void): void;
  close(): void;
}

/** @throws Error that names every problem in the content with file and line */
export async function openPages(directory: string, watched: boolean): Promise<Pages> {
  let content: Content = await loadContent(directory);
  const listeners: (() => void)[] = [];
  const watcher = watched ? watchContent(directory, adopt) : undefined;

  function adopt(result: Parameters<Parameters<typeof watchContent>[1]>[0]) {
    if (!result.ok) return console.error(result.reason); // the last good text stays
    content = result.value;
    for (const listener of listeners) listener();
  }

  return {
    chapters: async () => content.chapters.map(({ blocks: _blocks, ...summary }) => summary),
    chapter(slug, variables) {
      const chapter = content.find(slug);
      return chapter && fillChapter(chapter, variables);
    },
    step: (chapter, step) => content.step(chapter, step),
    steps: (chapter) => content.find(chapter)?.blocks.flatMap((block) => (block.kind === 'step' ? [block.step] : [])) ?? [],
    onChange: (listener) => void listeners.push(listener),
    close: () => watcher?.close(),
  };
}
