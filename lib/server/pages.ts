// The tutorial's text as the pages get it: loaded once, loaded again while somebody writes it, its variables filled in.
import { type Content, loadContent } from '#lib/content/load-content.ts';
import { watchContent } from '#lib/content/watch-content.ts';
import type { Chapter, ChapterSummary, Step } from '#lib/shared/chapter.ts';

export interface Pages {
  chapters(): Promise<ChapterSummary[]>;
  /** With `{{variables}}` as they are now. */
  chapter(slug: string, variables: Record<string, string>): Chapter | null;
  /** As written: whoever runs it fills in the variables. */
  step(chapter: string, step: string): Step | null;
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
      return chapter && fillIn(chapter, variables);
    },
    step: (chapter, step) => content.step(chapter, step),
    onChange: (listener) => void listeners.push(listener),
    close: () => watcher?.close(),
  };
}

function fillIn(chapter: Chapter, variables: Record<string, string>): Chapter {
  const fill = (text: string) => text.replace(/\{\{\s*(\w+)\s*\}\}/g, (written, name: string) => variables[name] ?? written);
  return mapStrings(chapter, fill) as Chapter;
}

function mapStrings(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, map));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, map)]));
}
