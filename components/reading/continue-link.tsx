'use client';

import Link from 'next/link';
import { useStored } from '#lib/client/stored.ts';
import type { ChapterSummary } from '#lib/shared/chapter.ts';

/** Back to where this browser was, once there is such a place. */
export function ContinueLink({ chapters }: { chapters: ChapterSummary[] }) {
  const [slug] = useStored('chapter', '');
  const chapter = chapters.find((each) => each.slug === slug);
  if (!chapter || chapter.number === 1) return null;
  return (
    <Link href={`/${chapter.slug}`} className="button button-plain button-large">
      Continue with chapter {chapter.number}
    </Link>
  );
}
