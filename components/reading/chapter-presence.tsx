'use client';

import { useEffect } from 'react';
import { showChapter } from '#lib/client/session.ts';

/** Tells the server which chapter is on the screen. Draws nothing. */
export function ChapterPresence({ slug }: { slug: string }) {
  useEffect(() => {
    showChapter(slug);
    return () => showChapter(null);
  }, [slug]);
  return null;
}
