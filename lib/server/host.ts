import type { Chapter, ChapterSummary } from '#lib/shared/chapter.ts';
import type { RunRequest } from '#lib/shared/protocol.ts';
import type { Result } from '#lib/shared/result.ts';

/** Everything the server lends to the Next bundle, which evaluates its own copy of every module and must own nothing that lives long. */
export interface Host {
  chapters(): Promise<ChapterSummary[]>;
  chapter(slug: string): Promise<Chapter | null>;
  /** Starts a step, or answers with the run that the same click started already. Returns at once; the run reports over the socket. */
  startRun(request: RunRequest): Promise<Result<{ run: string }>>;
  /** Where the page's iframe finds the deployed server: an address on the preview's own origin, with its capability in the path. */
  preview(): { url: string };
}
