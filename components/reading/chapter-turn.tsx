import Link from 'next/link';
import type { ChapterSummary } from '#lib/shared/chapter.ts';
import { ArrowIcon } from '../icons.tsx';

/** The way on and the way back, at a chapter's end. */
export function ChapterTurn({ previous, next }: { previous: ChapterSummary | null; next: ChapterSummary | null }) {
  return (
    <nav className="chapter-turn" aria-label="Neighbouring chapters">
      {next && (
        <Link href={`/${next.slug}`} rel="next" className="chapter-next">
          <span>
            <small>Next · chapter {next.number}</small>
            <strong>{next.title}</strong>
            <em>{next.summary}</em>
          </span>
          <ArrowIcon />
        </Link>
      )}
      {previous && (
        <Link href={`/${previous.slug}`} rel="prev" className="chapter-previous">
          <small>Previous</small> {previous.number}. {previous.title}
        </Link>
      )}
    </nav>
  );
}
